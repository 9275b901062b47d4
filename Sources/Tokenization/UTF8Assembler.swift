/// Turns bytes into text as soon as whole characters are there.
///
/// Bytes that are no UTF-8 become U+FFFD, one for each longest beginning of a character, as the
/// Unicode Standard recommends (section 3.9) and Rust's `from_utf8_lossy` does.
struct UTF8Assembler: Sendable {
  private var value: UInt32 = 0
  // How many bytes the character still needs, and what the next of them may be.
  private var missing = 0
  private var allowed: ClosedRange<UInt8> = 0x80...0xBF

  /// Takes a byte; appends the characters that are finished by it.
  mutating func append(_ byte: UInt8, to text: inout String.UnicodeScalarView) {
    if missing > 0 {
      if allowed ~= byte {
        value = value << 6 | UInt32(byte & 0x3F)
        missing -= 1
        allowed = 0x80...0xBF
        if missing == 0 { text.append(Unicode.Scalar(value) ?? "\u{FFFD}") }
        return
      }
      finish(to: &text)
    }
    begin(byte, &text)
  }

  /// Ends the text: a character that was not finished becomes U+FFFD.
  mutating func finish(to text: inout String.UnicodeScalarView) {
    if missing > 0 { text.append("\u{FFFD}") }
    missing = 0
  }

  private mutating func begin(_ byte: UInt8, _ text: inout String.UnicodeScalarView) {
    allowed = 0x80...0xBF
    switch byte {
    case 0..<0x80: text.append(Unicode.Scalar(byte))
    case 0xC2...0xDF: (value, missing) = (UInt32(byte & 0x1F), 1)
    case 0xE0...0xEF:
      (value, missing) = (UInt32(byte & 0x0F), 2)
      // No overlong forms, no surrogates.
      if byte == 0xE0 { allowed = 0xA0...0xBF }
      if byte == 0xED { allowed = 0x80...0x9F }
    case 0xF0...0xF4:
      (value, missing) = (UInt32(byte & 0x07), 3)
      // No overlong forms, nothing above U+10FFFF.
      if byte == 0xF0 { allowed = 0x90...0xBF }
      if byte == 0xF4 { allowed = 0x80...0x8F }
    default: text.append("\u{FFFD}")
    }
  }
}
