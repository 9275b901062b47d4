/// The printable characters that byte-level vocabularies write bytes with (GPT-2, 2019).
///
/// The bytes 33-126, 161-172 and 174-255 stand for themselves; the other 68 bytes, ascending, are
/// U+0100, U+0101, and so on.
enum ByteAlphabet {
  /// The character of each byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt8 = 0
    return (0...UInt8.max).map { byte in
      switch byte {
      case 33...126, 161...172, 174...255: return Unicode.Scalar(byte)
      default:
        next += 1
        return Unicode.Scalar(0x100 + UInt16(next) - 1) ?? "\u{FFFD}"
      }
    }
  }()

  /// The byte of each character below U+0180; -1 where it stands for none.
  private static let bytes: [Int16] = {
    var table = [Int16](repeating: -1, count: 0x180)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = Int16(byte) }
    return table
  }()

  /// Appends the bytes that a spelling stands for; false where a character stands for none.
  static func append(_ spelling: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) -> Bool {
    var index = 0
    while index < spelling.count {
      let first = spelling[index]
      var scalar = Int(first)
      // The alphabet ends below U+0180: one or two bytes of UTF-8.
      if first >= 0x80 {
        guard first < 0xE0, index + 1 < spelling.count else { return false }
        index += 1
        scalar = (scalar & 0x1F) << 6 | Int(spelling[index] & 0x3F)
      }
      guard scalar < bytes.count, bytes[scalar] >= 0 else { return false }
      output.append(UInt8(bytes[scalar]))
      index += 1
    }
    return true
  }

  /// How bytes are spelled.
  static func spelling(_ bytes: some Sequence<UInt8>) -> String {
    var view = String.UnicodeScalarView()
    for byte in bytes { view.append(scalars[Int(byte)]) }
    return String(view)
  }
}
