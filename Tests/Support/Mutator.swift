/// A small generator of reproducible random numbers (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

/// Damages files in the ways that find faults of their readers, reproducibly.
package struct Mutator {
  private var random: SeededGenerator

  package init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  /// One to four changes at random places.
  package mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
    var result = bytes
    // Most mutants have one change: several hide each other.
    let changes = [1, 1, 1, 1, 2, 2, 3, 4][below(8)]
    for _ in 0..<changes { change(&result) }
    return result
  }

  private mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

  private mutating func position(in bytes: [UInt8]) -> Int {
    // The beginning of a file holds its structure: half of the changes go there.
    below(2) == 0 ? below(bytes.count) : below(min(bytes.count, 256))
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else {
      bytes.append(UInt8(below(256)))
      return
    }
    switch below(12) {
    case 0: bytes[position(in: bytes)] ^= 1 << UInt8(below(8))
    case 1: bytes[position(in: bytes)] = [0, 0x20, 0x7F, 0x80, 0xFF, UInt8(below(256))][below(6)]
    case 2: bytes.removeLast(min(bytes.count, 1 + below(bytes.count)))
    case 3: bytes += (0..<1 + below(64)).map { _ in UInt8(below(256)) }
    case 4: copyPart(&bytes, inserting: true)
    case 5: copyPart(&bytes, inserting: false)
    case 6: removePart(&bytes)
    case 7, 8: writeInteger(&bytes)
    case 9: replaceDecimal(&bytes)
    case 10: insertSyntax(&bytes)
    default: repeatMember(&bytes)
    }
  }

  private mutating func part(of bytes: [UInt8]) -> Range<Int> {
    let start = position(in: bytes)
    return start..<min(bytes.count, start + 1 + below(64))
  }

  private mutating func copyPart(_ bytes: inout [UInt8], inserting: Bool) {
    let part = Array(bytes[part(of: bytes)])
    let place = position(in: bytes)
    let end = inserting ? place : min(bytes.count, place + part.count)
    bytes.replaceSubrange(place..<end, with: part)
  }

  private mutating func removePart(_ bytes: inout [UInt8]) {
    bytes.removeSubrange(part(of: bytes))
  }

  private static let extremes: [UInt64] = [
    0, 1, 2, 0x7F, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, 1 << 60, 1 << 61,
    1 << 62, 1 << 63, (1 << 63) - 1, .max, .max - 7, .max - 31,
  ]

  /// Overwrites what may be a binary count, size or offset.
  private mutating func writeInteger(_ bytes: inout [UInt8]) {
    let width = [1, 2, 4, 8, 8][below(5)]
    guard bytes.count >= width else { return }
    let value = Self.extremes[below(Self.extremes.count)]
    let place = min(position(in: bytes), bytes.count - width)
    for i in 0..<width { bytes[place + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * i)) }
  }

  private static let numbers = [
    "0", "1", "-1", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "1e400", "-0", "1.5", "1e-400", "00", "null", "true", "\"1\"", "[]",
    "{}", "[[1]]",
  ]

  /// Replaces a number written in digits by an extreme one or by a value of another type.
  private mutating func replaceDecimal(_ bytes: inout [UInt8]) {
    let start = position(in: bytes)
    guard
      let first = bytes[start...].firstIndex(where: { (0x30...0x39).contains($0) })
    else { return }
    let end = bytes[first...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.count
    let text = Self.numbers[below(Self.numbers.count)]
    bytes.replaceSubrange(first..<end, with: Array(text.utf8))
  }

  private static let syntax = [
    "{", "}", "[", "]", "\"", ":", ",", "\\", "\\u0000", "\\ud800", "\\udc00\\ud800", "null",
    "true", "{\"a\":", "/", "..", "\u{0}", "\u{FEFF}", "e\u{301}", ".", "_", " ",
  ]

  private mutating func insertSyntax(_ bytes: inout [UInt8]) {
    let place = position(in: bytes)
    if below(8) == 0 {
      let text = below(2) == 0 ? "[" : "{\"a\":"
      let nesting = String(repeating: text, count: [10, 100, 10_000][below(3)])
      bytes.insert(contentsOf: Array(nesting.utf8), at: place)
    } else {
      bytes.insert(contentsOf: Array(Self.syntax[below(Self.syntax.count)].utf8), at: place)
    }
  }

  /// Writes a part from one comma to the next a second time: a name comes twice.
  private mutating func repeatMember(_ bytes: inout [UInt8]) {
    let comma = UInt8(ascii: ",")
    guard let first = bytes[position(in: bytes)...].firstIndex(of: comma) else { return }
    let second = bytes[(first + 1)...].firstIndex(of: comma) ?? bytes.count
    bytes.insert(contentsOf: Array(bytes[first..<second]), at: first)
  }
}
