import TestSupport
import Testing
import Tokenization

struct PreTokenTests {
  private static func cut(_ text: String, _ name: String = "llama3") throws -> [String] {
    try TokenizerGoldens.tokenizer(name).preTokens(text)
  }

  @Test func `words, contractions, numbers and white space are cut as the pattern says`() throws {
    #expect(
      try Self.cut("I'LL go 12345 now!!\n\n  x  y\t\tz") == [
        "I", "'LL", " go", " ", "123", "45", " now", "!!\n\n", " ", " x", " ", " y", "\t", "\tz",
      ])
    #expect(
      try Self.cut("don't   stop \n ok") == ["don", "'t", "  ", " stop", " \n", " ok"])
    #expect(try Self.cut("3.14159") == ["3", ".", "141", "59"])
    #expect(try Self.cut("你好，世界 café") == ["你好", "，世界", " café"])
  }

  @Test func `digits stand alone for Qwen 2`() throws {
    #expect(try Self.cut("a 123b", "qwen2") == ["a", " ", "1", "2", "3", "b"])
  }

  @Test func `a contraction is found in both cases and with a long s`() throws {
    #expect(try Self.cut("it'Sx'Re'vE'mm") == ["it", "'S", "x", "'Re", "'vE", "'m", "m"])
    #expect(try Self.cut("it'\u{17F}x") == ["it", "'\u{17F}", "x"])
    #expect(try Self.cut("'r 'l") == ["'r", " '", "l"])
    #expect(try Self.cut("'") == ["'"])
  }

  @Test func `a run of spaces gives up its last to the word`() throws {
    #expect(try Self.cut("   a") == ["  ", " a"])
    #expect(try Self.cut("a   ") == ["a", "   "])
    #expect(try Self.cut("  \u{A0}b") == ["  ", "\u{A0}b"])
    #expect(try Self.cut("   1") == ["  ", " ", "1"])
  }

  @Test func `a run ends after its last newline`() throws {
    #expect(try Self.cut(" \n\n  \n  x") == [" \n\n  \n", " ", " x"])
    #expect(try Self.cut("\r\n\r\nab") == ["\r\n\r\n", "ab"])
    #expect(try Self.cut("..\r\n\n x") == ["..\r\n\n", " x"])
  }

  @Test func `letters of Unicode 17 are no letters for the reference library yet`() throws {
    #expect(try Self.cut("a\u{88F}b") == ["a", "\u{88F}b"])
    #expect(try Self.cut("a\u{88E}b") == ["a\u{88E}b"])
  }

  @Test func `Qwen 2 composes marks in their order, and nothing beyond 16 bits by mistake`() throws
  {
    let tokenizer = try TokenizerGoldens.tokenizer("qwen2")
    for (text, composed) in [
      ("e\u{301}", "\u{E9}"), ("o\u{302}\u{323}", "\u{1ED9}"), ("\u{1112}\u{1161}\u{11AB}", "한"),
      ("\u{345}\u{F73}", "\u{F71}\u{F72}\u{345}"), ("\u{2126}", "\u{3A9}"),
      // Its lower 16 bits are those of A.
      ("\u{80041}\u{301}", "\u{80041}\u{301}"),
      // The reference library's tables do not know this mark of Unicode 11.
      ("e\u{7FD}\u{301}", "e\u{7FD}\u{301}"),
    ] {
      #expect(tokenizer.preTokens(text).joined().isSame(as: composed))
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `the pre-tokens joined are the text`(seed: UInt64) throws {
    let tokenizer = try TokenizerGoldens.tokenizer("llama3")
    var random = SeededGenerator(seed: seed)
    let pieces = ["a", "é", "1", " ", "\n", "\r", ".", "'", "s", "\u{2028}", "字", "😀", "\u{301}"]
    for _ in 0..<500 {
      let text = (0..<Int.random(in: 0..<30, using: &random))
        .map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
      let cut = tokenizer.preTokens(text)
      #expect(cut.joined().isSame(as: text) && !cut.contains(""))
    }
  }
}
