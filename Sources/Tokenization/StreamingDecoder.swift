/// Turns ids into text one by one: gives each character as soon as its last byte is there.
///
/// All texts joined, the one of ``finish()`` included, are ``Tokenizer/decode(_:skipSpecialTokens:)``
/// of all ids.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipsSpecialTokens: Bool
  private var assembler = UTF8Assembler()

  /// Starts an empty text.
  public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = false) {
    self.tokenizer = tokenizer
    skipsSpecialTokens = skipSpecialTokens
  }

  /// Takes an id; gives the text that is finished by it, which may be empty.
  ///
  /// An id that no token has gives nothing.
  public mutating func decode(_ id: Int) -> String {
    var text = String.UnicodeScalarView()
    append(id, to: &text)
    return String(text)
  }

  /// Ends the text: the beginning of a character that never came becomes U+FFFD.
  ///
  /// The next id begins a new text.
  public mutating func finish() -> String {
    var text = String.UnicodeScalarView()
    finish(to: &text)
    return String(text)
  }

  mutating func append(_ id: Int, to text: inout String.UnicodeScalarView) {
    if skipsSpecialTokens, tokenizer.isSpecial(id) { return }
    for byte in tokenizer.bytes(of: id) ?? [] { assembler.append(byte, to: &text) }
  }

  mutating func finish(to text: inout String.UnicodeScalarView) {
    assembler.finish(to: &text)
  }
}
