/// What the patterns of pre-tokenization tell apart.
enum ScalarClass: UInt8 {
  /// `\p{L}`.
  case letter
  /// `\p{N}`.
  case number
  /// `[\r\n]`, which are white space too.
  case newline
  /// `\s` (the property White_Space) without `[\r\n]`.
  case space
  /// All the rest.
  case other

  /// The class of a scalar.
  init(_ scalar: Unicode.Scalar) {
    self = scalar.value < 0x80 ? Self.ascii[Int(scalar.value)] : Self(beyondASCII: scalar)
  }

  private static let ascii: [ScalarClass] = (0..<128).map { value in
    switch Unicode.Scalar(UInt8(value)) {
    case "a"..."z", "A"..."Z": .letter
    case "0"..."9": .number
    case "\r", "\n": .newline
    case " ", "\t", "\u{0B}", "\u{0C}": .space
    default: .other
    }
  }

  private init(beyondASCII scalar: Unicode.Scalar) {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      self = scalar.isInUnicode16 ? .letter : .other
    case .decimalNumber, .letterNumber, .otherNumber:
      self = scalar.isInUnicode16 ? .number : .other
    case .spaceSeparator, .lineSeparator, .paragraphSeparator, .control:
      self = scalar.properties.isWhitespace ? .space : .other
    default: self = .other
    }
  }
}

extension Unicode.Scalar {
  /// Whether the scalar was assigned by Unicode 16, the tables of the `tokenizers` library (0.23).
  ///
  /// The standard library's tables may be newer and know more letters.
  var isInUnicode16: Bool {
    // Nothing was added after Unicode 16 below U+0870 nor among the main ideographs and Hangul.
    if value < 0x870 || 0x3400...0x9FFF ~= value || 0xAC00...0xD7A3 ~= value { return true }
    return wasAssigned(by: 16)
  }

  /// Whether the scalar was assigned by a version of Unicode.
  func wasAssigned(by version: Int) -> Bool {
    properties.age.map { $0.major <= version } ?? false
  }
}
