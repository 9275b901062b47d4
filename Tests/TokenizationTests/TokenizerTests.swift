import Checkpoints
import Foundation
import TestSupport
import Testing
import Tokenization

struct TokenizerTests {
  @Test func `10,000 texts get the ids of the reference library`() throws {
    let (llama3, qwen2) = (
      try TokenizerGoldens.tokenizer("llama3"), try TokenizerGoldens.tokenizer("qwen2")
    )
    let samples = try TokenizerGoldens.samples()
    #expect(samples.count == 10_000)
    let wrong = samples.filter {
      llama3.encode($0.text) != $0.llama3 || qwen2.encode($0.text) != $0.qwen2
    }
    #expect(wrong.map(\.text) == [])
  }

  @Test func `decoding gives back 10,000 texts`() throws {
    let (llama3, qwen2) = (
      try TokenizerGoldens.tokenizer("llama3"), try TokenizerGoldens.tokenizer("qwen2")
    )
    let wrong = try TokenizerGoldens.samples().filter {
      !llama3.decode($0.llama3).isSame(as: $0.text)
        || !qwen2.decode($0.qwen2).isSame(as: $0.qwen2Text)
    }
    #expect(wrong.map(\.text) == [])
  }

  @Test(arguments: ["llama3", "qwen2"])
  func `random ids become the text of the reference library`(name: String) throws {
    let tokenizer = try TokenizerGoldens.tokenizer(name)
    for sample in try TokenizerGoldens.decodings(name) {
      #expect(tokenizer.decode(sample.ids).isSame(as: sample.text))
      let withoutSpecial = tokenizer.decode(sample.ids, skipSpecialTokens: true)
      #expect(withoutSpecial.isSame(as: sample.withoutSpecial))
    }
  }

  @Test(arguments: 0..<16 as Range<UInt64>)
  func `any text comes back from its ids`(seed: UInt64) throws {
    let tokenizer = try TokenizerGoldens.tokenizer("llama3")
    var random = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0..<40, using: &random) {
        let top = [0x80, 0x800, 0x10000, 0x110000].randomElement(using: &random) ?? 0x80
        let value = UInt32.random(in: 0..<UInt32(top), using: &random)
        text.append(Unicode.Scalar(value) ?? "\u{D7FF}")
      }
      for parses in [true, false] {
        let ids = tokenizer.encode(String(text), parseSpecialTokens: parses)
        #expect(tokenizer.decode(ids).isSame(as: String(text)))
      }
    }
  }

  @Test func `special tokens are found, added and left alone as asked`() throws {
    let tokenizer = try TokenizerGoldens.tokenizer("llama3")
    let think = try #require(tokenizer.id(of: "<think>"))
    let begin = try #require(tokenizer.id(of: "<|begin_of_text|>"))
    #expect(tokenizer.isSpecial(think) && !tokenizer.isSpecial(0))
    #expect(tokenizer.token(for: think) == "<think>")
    #expect(tokenizer.encode("<think>") == [think])
    #expect(tokenizer.encode("", addSpecialTokens: true) == [begin])
    #expect(
      tokenizer.encode("you", addSpecialTokens: true) == [begin] + tokenizer.encode("you"))
    let plain = tokenizer.encode("<think>", parseSpecialTokens: false)
    #expect(!plain.contains(think) && tokenizer.decode(plain) == "<think>")
    #expect(tokenizer.decode([think] + plain, skipSpecialTokens: true) == "<think>")
  }

  @Test func `every token is found by its spelling`() throws {
    for name in ["llama3", "qwen2"] {
      let tokenizer = try TokenizerGoldens.tokenizer(name)
      for id in 0..<tokenizer.vocabularySize {
        let token = try #require(tokenizer.token(for: id))
        #expect(tokenizer.id(of: token) == id)
      }
      #expect(tokenizer.token(for: tokenizer.vocabularySize) == nil)
      #expect(tokenizer.token(for: -1) == nil)
      #expect(tokenizer.decode([-1, tokenizer.vocabularySize, .max]) == "")
    }
  }

  @Test(arguments: ["a", "ab", "é", " ", "\n", "1", ".", "he", "\u{301}", "<"])
  func `a long run takes at most three merge steps a byte`(unit: String) throws {
    for name in ["llama3", "qwen2"] {
      let tokenizer = try TokenizerGoldens.tokenizer(name)
      let text = String(repeating: unit, count: 100_000)
      var steps = 0
      let ids = tokenizer.encode(
        text, addSpecialTokens: false, parseSpecialTokens: true, steps: &steps)
      #expect(steps <= 3 * text.utf8.count)
      // Marks have no composed form here, so this holds after normalization too.
      #expect(tokenizer.decode(ids).isSame(as: text))
    }
  }

  @Test func `the arrays of a GGUF file give the same ids`() throws {
    for (name, pre) in [("llama3", "llama-bpe"), ("qwen2", "qwen2")] {
      let json = try TokenizerGoldens.tokenizer(name)
      let gguf = try Self.fromArrays(name, pre: pre)
      // GGUF has no flags for the white space around a token.
      let isPlain = { (text: String) in
        name == "llama3" || !["<", "[breath]", "turn", "caf"].contains { text.contains($0) }
      }
      for sample in try TokenizerGoldens.samples() where isPlain(sample.text) {
        #expect(gguf.encode(sample.text) == json.encode(sample.text))
      }
      #expect(
        gguf.encode("you", addSpecialTokens: true) == json.encode("you", addSpecialTokens: true))
      #expect(gguf.vocabularySize == json.vocabularySize)
      #expect(gguf.endID == 3)
    }
  }

  @Test(arguments: [("llama3", "llama-bpe"), ("qwen2", "qwen2")])
  func `the tokenizer of a GGUF file gives the same ids as a file of its own`(
    name: String, pre: String
  ) throws {
    let (tokens, types, merges, begin) = try Self.arrays(name)
    let path = FileManager.default.temporaryDirectory
      .appending(path: "tokenizer-\(name)-\(getpid()).gguf").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var metadata: [(key: String, value: GGUFValue)] = [
      ("tokenizer.ggml.model", .string("gpt2")), ("tokenizer.ggml.pre", .string(pre)),
      ("tokenizer.ggml.tokens", .array(GGUFArray(tokens))),
      ("tokenizer.ggml.token_type", .array(GGUFArray(types.map { Int32($0) }))),
      ("tokenizer.ggml.merges", .array(GGUFArray(merges))),
    ]
    if let begin { metadata.append(("tokenizer.ggml.bos_token_id", .uint32(UInt32(begin)))) }
    let writer = try GGUFWriter(path: path, metadata: metadata, tensors: [])
    try writer.finish()

    let stored = try GGUFTokenizer(GGUFFile(path: path))
    let written = try Tokenizer(
      json: JSONValue.object(stored.tokenizerFile(name: path)).encoded(), name: "tokenizer.json")
    let expected = try Self.fromArrays(name, pre: pre)
    #expect(written.vocabularySize == expected.vocabularySize)
    for sample in try TokenizerGoldens.samples() {
      let ids = written.encode(sample.text, addSpecialTokens: true)
      #expect(ids == expected.encode(sample.text, addSpecialTokens: true))
      #expect(written.decode(ids).isSame(as: expected.decode(ids)))
    }
  }

  private static func fromArrays(_ name: String, pre: String) throws -> Tokenizer {
    let (tokens, types, merges, begin) = try arrays(name)
    return try Tokenizer(
      tokens: tokens, types: types, merges: merges, preTokenizer: pre, beginID: begin, endID: 3,
      name: "arrays")
  }

  private static func arrays(
    _ name: String
  ) throws -> (tokens: [String], types: [Int], merges: [String], begin: Int?) {
    let json = try TokenizerGoldens.tokenizer(name)
    let tokens = (0..<json.vocabularySize).map { json.token(for: $0) ?? "" }
    let types = tokens.indices.map { json.isSpecial($0) ? 3 : 1 }
    let model = try JSONObject(contentsOfFile: TokenizerGoldens.path(name)).object("model")
    let merges = try model.array("merges").map { merge in
      merge.stringValue
        ?? (merge.arrayValue ?? []).compactMap(\.stringValue).joined(separator: " ")
    }
    return (tokens, types, merges, json.id(of: "<|begin_of_text|>"))
  }
}
