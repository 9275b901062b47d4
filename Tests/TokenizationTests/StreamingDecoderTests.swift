import TestSupport
import Testing
import Tokenization

struct StreamingDecoderTests {
  @Test(arguments: ["llama3", "qwen2"], [true, false])
  func `texts joined equal the decoded whole`(name: String, skips: Bool) throws {
    let tokenizer = try TokenizerGoldens.tokenizer(name)
    var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: skips)
    for sample in try TokenizerGoldens.decodings(name) {
      let text = sample.ids.map { decoder.decode($0) }.joined() + decoder.finish()
      #expect(text.isSame(as: skips ? sample.withoutSpecial : sample.text))
    }
  }

  @Test func `a character comes with its last byte and not before`() throws {
    let tokenizer = try TokenizerGoldens.tokenizer("llama3")
    let ids = tokenizer.encode("a𝟙b")
    #expect(ids.count == 6)
    var decoder = StreamingDecoder(tokenizer)
    #expect(ids.map { decoder.decode($0) } == ["a", "", "", "", "𝟙", "b"])
    #expect(decoder.finish() == "")
  }

  @Test func `a character that never ends becomes one replacement`() throws {
    let tokenizer = try TokenizerGoldens.tokenizer("llama3")
    let ids = tokenizer.encode("𝟙")
    var decoder = StreamingDecoder(tokenizer)
    #expect(ids.dropLast().map { decoder.decode($0) }.joined() == "")
    #expect(decoder.finish() == "\u{FFFD}")
    #expect(tokenizer.decode(ids) == "𝟙")
    #expect(decoder.finish() == "")
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `random bytes are repaired as the standard library repairs them`(seed: UInt64) throws {
    let tokenizer = try TokenizerGoldens.tokenizer("llama3")
    var random = SeededGenerator(seed: seed)
    let leads: [UInt8] = [0xC1, 0xC2, 0xE0, 0xE1, 0xED, 0xF0, 0xF1, 0xF4, 0xF5, 0x80, 0xBF, 0x41]
    for _ in 0..<500 {
      let bytes = (0..<Int.random(in: 1..<9, using: &random)).map { _ in
        Bool.random(using: &random)
          ? leads.randomElement(using: &random) ?? 0 : UInt8.random(in: 0x80...0xBF, using: &random)
      }
      // A token of one byte is spelled as that byte's character.
      let ids = try bytes.map { byte in
        try #require(tokenizer.id(of: tokenizer.spelling(ofByte: byte)))
      }
      #expect(tokenizer.decode(ids).isSame(as: String(decoding: bytes, as: UTF8.self)))
    }
  }
}

extension Tokenizer {
  /// The printable character of a byte: the rule written once more.
  fileprivate func spelling(ofByte byte: UInt8) -> String {
    let printable = { (byte: UInt8) in
      33...126 ~= byte || 161...172 ~= byte || byte >= 174
    }
    guard !printable(byte) else { return String(Unicode.Scalar(byte)) }
    let before = (0..<byte).count { !printable($0) }
    return String(Unicode.Scalar(UInt16(0x100 + before)).map(Character.init) ?? " ")
  }
}
