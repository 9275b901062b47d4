import Checkpoints
import TestSupport
import Testing
import Tokenization

struct BrokenTokenizerTests {
  /// A tokenizer of the 256 bytes and little else, so that damage mostly hits the structure.
  private static func small(
    vocab: String = "\"ab\":256", merges: String = "[\"a b\"]", model: String = "",
    added: String = "{\"id\":257,\"content\":\"<x>\",\"special\":true,\"normalized\":false}",
    normalizer: String = "{\"type\":\"NFC\"}", split: String = llama3Split,
    post: String = template, decoder: String = "{\"type\":\"ByteLevel\"}"
  ) throws -> [UInt8] {
    let bytes = (0..<256).map { "\(JSONValue.string(spelling($0)).text()):\($0)" }
    let vocab = (bytes + [vocab]).joined(separator: ",")
    let text = """
      {"added_tokens":[\(added)],"normalizer":\(normalizer),"pre_tokenizer":{"type":"Sequence",\
      "pretokenizers":[\(split),{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]},\
      "post_processor":\(post),"decoder":\(decoder),"model":{"type":"BPE",\(model)\
      "ignore_merges":true,"merges":\(merges),"vocab":{\(vocab)}}}
      """
    return Array(text.utf8)
  }

  private static let llama3Split = #"""
    {"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":"(?i:'s|'t|'re|'ve|\#
    'm|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\\#
    n]+|\\s+(?!\\S)|\\s+"}}
    """#
  private static let template = """
    {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<x>"}},{"Sequence":{"id":"A"}}],\
    "special_tokens":{"<x>":{"ids":[257]}}}
    """

  private static func spelling(_ byte: Int) -> String {
    let isPrintable = { (byte: Int) in
      33...126 ~= byte || 161...172 ~= byte || byte >= 174
    }
    let value = isPrintable(byte) ? byte : 0x100 + (0..<byte).count { !isPrintable($0) }
    return String(Unicode.Scalar(UInt32(value)).map(Character.init) ?? " ")
  }

  /// The error of a file; nil where it opens.
  private func error(_ bytes: [UInt8]) -> CheckpointError? {
    do throws(CheckpointError) {
      _ = try Tokenizer(json: bytes, name: "small.json")
      return nil
    } catch {
      return error
    }
  }

  @Test func `the small tokenizer opens and works`() throws {
    let tokenizer = try Tokenizer(json: Self.small(), name: "small.json")
    #expect(tokenizer.encode("ab <x>", addSpecialTokens: true) == [257, 256, 32, 257])
  }

  @Test func `wrong tokens are named`() throws {
    for vocab in ["\"ab\":-1", "\"ab\":4194304", "\"ab\":1.5", "\"ab\":\"256\"", "\"ab\":null"] {
      let found = error(try Self.small(vocab: vocab))
      #expect(found?.code == .mismatch && found?.subject == "model.vocab.ab")
      #expect(found?.file == "small.json")
    }
    #expect(error(try Self.small(vocab: "\"ab\":97"))?.code == .malformed)
    #expect(error(try Self.small(vocab: "\"ab\":256,\"ab\":258"))?.code == .malformed)
    #expect(error(try Self.small(vocab: "\"ab\":9223372036854775808"))?.code == .mismatch)
    #expect(error(try Self.small(vocab: "\"ab\":257"))?.reason.contains("257") == true)
  }

  @Test func `wrong merges are named`() throws {
    for merge in ["\"a c\"", "\"ab\"", "\" a\"", "\"a \"", "\"a b c\"", "\"\"", "[\"a\",\"语\"]"] {
      let found = error(try Self.small(merges: "[\"a b\",\(merge)]"))
      #expect(found?.code == .malformed && found?.subject == "model.merges[1]")
    }
    for merge in ["1", "[]", "[\"a\"]", "[\"a\",1]", "null", "[\"a\",\"b\",\"c\"]"] {
      let found = error(try Self.small(merges: "[\(merge)]"))
      #expect(found?.code == .mismatch && found?.subject == "model.merges[0]")
    }
    #expect(error(try Self.small(merges: "{}"))?.subject == "model.merges")
    #expect(error(try Self.small(merges: "[[\"a\",\"b\"]]")) == nil)
  }

  @Test func `a missing byte is refused`() throws {
    let text = String(decoding: try Self.small(), as: UTF8.self)
    let without = text.replacing("\"A\":65,", with: "")
    #expect(error(Array(without.utf8))?.reason.contains("255 single bytes") == true)
  }

  @Test(arguments: [
    "\"byte_fallback\":true,", "\"dropout\":0.1,", "\"end_of_word_suffix\":\"</w>\",",
    "\"continuing_subword_prefix\":\"##\",",
  ])
  func `a model that works otherwise is refused`(model: String) throws {
    #expect(error(try Self.small(model: model))?.code == .unsupported)
  }

  @Test func `parts that work otherwise are refused`() throws {
    let parts = [
      try Self.small(normalizer: "{\"type\":\"NFKC\"}"),
      try Self.small(normalizer: "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFD\"}]}"),
      try Self.small(decoder: "{\"type\":\"WordPiece\"}"),
      try Self.small(post: "{\"type\":\"BertProcessing\"}"),
      try Self.small(post: Self.template.replacing("Sequence", with: "SpecialToken")),
      try Self.small(split: Self.llama3Split.replacing("{1,3}", with: "{1,4}")),
      try Self.small(split: Self.llama3Split.replacing("Isolated", with: "Removed")),
      try Self.small(split: Self.llama3Split.replacing("false", with: "true")),
    ]
    for part in parts {
      let found = error(part)
      #expect(found?.code == .unsupported || found?.code == .mismatch || found?.code == .missing)
      #expect(found?.subject != nil)
    }
  }

  @Test func `wrong added tokens are refused`() throws {
    for added in [
      "{\"id\":97,\"content\":\"<x>\"}", "{\"id\":-1,\"content\":\"<x>\"}", "{\"id\":257}",
      "{\"content\":\"<x>\"}", "{\"id\":257,\"content\":\"<x>\",\"special\":1}", "1",
      "{\"id\":258,\"content\":\"ab\"}",
      "{\"id\":257,\"content\":\"<y>\"},{\"id\":257,\"content\":\"<x>\"}",
      "{\"id\":257,\"content\":\"\(String(repeating: "x", count: 257))\"}",
    ] {
      #expect(error(try Self.small(added: added)) != nil)
    }
    let gap = try Self.small(post: Self.template.replacing("257", with: "300"))
    #expect(error(gap)?.reason.contains("300") == true)
  }

  @Test func `what is no file, no JSON or no object is refused`() {
    #expect(throws: CheckpointError.self) { try Tokenizer(path: "/nonexistent/tokenizer.json") }
    for text in [
      "", "{", "[]", "null", "{}", "{\"model\":{}}", "{\"model\":{\"type\":\"Unigram\"}}",
    ] {
      #expect(error(Array(text.utf8))?.file == "small.json")
    }
  }

  @Test func `wrong arrays of a GGUF file are refused`() {
    let bytes = (0..<256).map(Self.spelling)
    func error(
      tokens: [String], types: [Int] = [], merges: [String] = [], pre: String = "llama-bpe",
      beginID: Int? = nil, endID: Int? = nil
    ) -> CheckpointError? {
      do throws(CheckpointError) {
        _ = try Tokenizer(
          tokens: tokens, types: types, merges: merges, preTokenizer: pre, beginID: beginID,
          endID: endID, name: "model.gguf")
        return nil
      } catch {
        return error
      }
    }
    #expect(error(tokens: bytes) == nil)
    #expect(error(tokens: bytes, pre: "default")?.code == .unsupported)
    #expect(error(tokens: bytes + ["a"])?.code == .malformed)
    #expect(error(tokens: [])?.code == .mismatch)
    #expect(error(tokens: bytes, types: [1])?.subject == "tokenizer.ggml.token_type")
    #expect(error(tokens: bytes, merges: ["a b"])?.subject == "tokenizer.ggml.merges[0]")
    #expect(error(tokens: bytes, beginID: 256)?.code == .mismatch)
    #expect(error(tokens: bytes, endID: -1)?.code == .mismatch)
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `each of 10,000 damaged files opens or is refused`(seed: UInt64) throws {
    let whole = try Self.small()
    var mutator = Mutator(seed: seed)
    var (opened, refused) = (0, 0)
    for _ in 0..<500 {
      do throws(CheckpointError) {
        let tokenizer = try Tokenizer(json: mutator.mutate(whole), name: "mutant.json")
        let ids = tokenizer.encode("ab <x> a\u{301}b 12\n", addSpecialTokens: true)
        #expect(!tokenizer.decode(ids).isEmpty)
        opened += 1
      } catch {
        #expect(error.file == "mutant.json")
        refused += 1
      }
    }
    #expect(opened > 0 && refused > 300)
  }
}
