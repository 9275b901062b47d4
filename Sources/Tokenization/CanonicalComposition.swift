import Foundation

/// Unicode's normalization form C, by the rules of Unicode 9, the tables of the `tokenizers`
/// library (0.23): a scalar that came later stays as it is and separates what is around it.
///
/// Foundation's composition truncates scalars to 16 bits on Linux, so only its decompositions of
/// single scalars are used here.
enum CanonicalComposition {
  private static let version = 9

  /// The composed form of valid UTF-8; nil where it is already composed for sure.
  static func composed(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    // Below U+0300 nothing combines and everything is composed.
    guard bytes.contains(where: { $0 >= 0xCC }) else { return nil }
    var run = Run()
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let (scalar, end) = bytes.scalar(at: index)
      run.append(scalar, to: &output)
      index = end
    }
    run.flush(to: &output)
    return output
  }

  private static func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
    guard scalar.value >= 0x300 else { return 0 }
    let value = scalar.properties.canonicalCombiningClass.rawValue
    return value == 0 || !scalar.wasAssigned(by: version) ? 0 : value
  }

  /// A starter and what may combine with it.
  private struct Run {
    private var scalars: [(scalar: Unicode.Scalar, class: UInt8)] = []

    mutating func append(_ scalar: Unicode.Scalar, to output: inout [UInt8]) {
      let parts = Tables.decomposition(scalar)
      guard parts.isEmpty else {
        for part in parts { add(part, to: &output) }
        return
      }
      add(scalar, to: &output)
    }

    private mutating func add(_ scalar: Unicode.Scalar, to output: inout [UInt8]) {
      let kind = combiningClass(scalar)
      if kind == 0, let last = scalars.last {
        // Two starters combine only side by side.
        if scalars.count == 1, last.class == 0, let whole = Tables.composite(last.scalar, scalar) {
          scalars[0].scalar = whole
          return
        }
        flush(to: &output, before: scalar)
        if !scalars.isEmpty { return }
      }
      scalars.append((scalar, kind))
    }

    mutating func flush(to output: inout [UInt8]) {
      compose()
      for (scalar, _) in scalars { output.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
      scalars.removeAll(keepingCapacity: true)
    }

    /// Ends the run; where all of it went into one starter, the next starter may combine with it.
    private mutating func flush(to output: inout [UInt8], before next: Unicode.Scalar) {
      compose()
      if scalars.count == 1, scalars[0].class == 0,
        let whole = Tables.composite(scalars[0].scalar, next)
      {
        scalars[0].scalar = whole
        return
      }
      flush(to: &output)
    }

    private mutating func compose() {
      guard scalars.count > 1 else { return }
      let first = scalars[0].class == 0 ? 1 : 0
      // The standard library's sort is stable, and marks of one class must keep their order.
      scalars[first...].sort { $0.class < $1.class }
      guard first == 1 else { return }
      var (kept, blocking) = (1, UInt8(0))
      for index in 1..<scalars.count {
        let mark = scalars[index]
        if blocking < mark.class, let whole = Tables.composite(scalars[0].scalar, mark.scalar) {
          scalars[0].scalar = whole
        } else {
          blocking = mark.class
          scalars[kept] = mark
          kept += 1
        }
      }
      scalars.removeLast(scalars.count - kept)
    }
  }
}

// MARK: - Tables

extension CanonicalComposition {
  private enum Tables {
    /// Which scalars compose from others: all that do, and are not excluded, lie here.
    private static let ranges: [ClosedRange<UInt32>] = [
      0xC0...0x1FFF, 0x2190...0x22FF, 0x3040...0x30FF, 0x11080...0x115FF,
    ]

    private static let composites: [UInt64: Unicode.Scalar] = {
      var parts: [Unicode.Scalar: [Unicode.Scalar]] = [:]
      var wholes: [[Unicode.Scalar]: Unicode.Scalar] = [:]
      let candidates = ranges.joined().compactMap { Unicode.Scalar($0) }.filter {
        !$0.properties.isFullCompositionExclusion && $0.wasAssigned(by: version)
      }
      for whole in candidates {
        let full = fullDecomposition(whole)
        guard full.count > 1 else { continue }
        parts[whole] = full
        wholes[full] = whole
      }
      var table: [UInt64: Unicode.Scalar] = [:]
      for whole in candidates {
        // A whole composes from the whole of all but its last part, and that part.
        guard let full = parts[whole], let last = full.last else { continue }
        let rest = Array(full.dropLast())
        if let first = rest.count == 1 ? rest[0] : wholes[rest] { table[key(first, last)] = whole }
      }
      return table
    }()

    private static let decompositions: [Unicode.Scalar: [Unicode.Scalar]] = {
      var table: [Unicode.Scalar: [Unicode.Scalar]] = [:]
      for whole in composites.values { table[whole] = fullDecomposition(whole) }
      return table
    }()

    private static func key(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> UInt64 {
      UInt64(first.value) << 32 | UInt64(second.value)
    }

    private static func fullDecomposition(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
      let string = String(scalar)
      let parts = Array(string.decomposedStringWithCanonicalMapping.unicodeScalars)
      return parts == [scalar] ? [] : parts
    }

    /// The parts of a scalar; empty where it has none.
    static func decomposition(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
      guard scalar.value >= 0xC0 else { return [] }
      if let parts = Hangul.parts(scalar) { return parts }
      if let parts = decompositions[scalar] { return parts }
      guard scalar.properties.isFullCompositionExclusion, scalar.wasAssigned(by: version) else {
        return []
      }
      return fullDecomposition(scalar)
    }

    /// What two scalars compose to.
    static func composite(_ a: Unicode.Scalar, _ b: Unicode.Scalar) -> Unicode.Scalar? {
      guard b.value >= 0x300 else { return nil }
      return Hangul.whole(a, b) ?? composites[key(a, b)]
    }
  }

  /// Korean syllables, which compose by arithmetic: 19 initials, 21 vowels, 27 finals or none.
  private enum Hangul {
    private static let (first, initial, vowel, final): (UInt32, UInt32, UInt32, UInt32) =
      (0xAC00, 0x1100, 0x1161, 0x11A7)

    static func parts(_ scalar: Unicode.Scalar) -> [Unicode.Scalar]? {
      guard 0xAC00...0xD7A3 ~= scalar.value else { return nil }
      let index = scalar.value - first
      let values = [initial + index / 588, vowel + index % 588 / 28, final + index % 28]
      return values.prefix(index % 28 == 0 ? 2 : 3).compactMap { Unicode.Scalar($0) }
    }

    static func whole(_ a: Unicode.Scalar, _ b: Unicode.Scalar) -> Unicode.Scalar? {
      if 0x1100...0x1112 ~= a.value, 0x1161...0x1175 ~= b.value {
        return Unicode.Scalar(first + (a.value - initial) * 588 + (b.value - vowel) * 28)
      }
      if 0xAC00...0xD7A3 ~= a.value, (a.value - first) % 28 == 0, 0x11A8...0x11C2 ~= b.value {
        return Unicode.Scalar(a.value + b.value - final)
      }
      return nil
    }
  }
}
