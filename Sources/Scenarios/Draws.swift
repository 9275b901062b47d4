package import Dataflow
import Foundation

/// Seeded draws. Equal seeds give equal draws on every machine.
extension SplitMix64 {
  /// The generator that belongs to one item of a seeded series, independent of the others.
  package init(seed: UInt64, item: Int, purpose: String = "") {
    var mixer = SplitMix64(seed: seed ^ stableHash(purpose))
    let first = mixer.next()
    self.init(seed: first &+ UInt64(bitPattern: Int64(item)) &* 0xD134_2543_DE82_EF95)
    _ = next()
  }

  /// A number in [0, 1).
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number in [lower, upper).
  package mutating func uniform(_ lower: Double, _ upper: Double) -> Double {
    lower + (upper - lower) * uniform()
  }

  /// A whole number in a closed range.
  package mutating func integer(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(uniform() * Double(range.count))
  }

  /// Whether an event of a probability happens.
  package mutating func chance(_ probability: Double) -> Bool { uniform() < probability }

  /// One element, each as likely as the others, or nil of none.
  package mutating func pick<C: RandomAccessCollection>(_ items: C) -> C.Element? {
    guard !items.isEmpty else { return nil }
    return items[items.index(items.startIndex, offsetBy: integer(0...items.count - 1))]
  }

  /// One element, as likely as its weight is great, or nil of none.
  package mutating func pick<Element>(
    _ items: [Element], weight: (Element) -> Double
  ) -> Element? {
    var left = uniform() * items.reduce(0) { $0 + weight($1) }
    for item in items {
      left -= weight(item)
      if left < 0 { return item }
    }
    return items.last
  }

  /// A number from the normal distribution, by the sum of twelve uniform ones; cheap, and within
  /// six deviations.
  package mutating func normal() -> Double {
    var sum = -6.0
    for _ in 0..<3 {
      let bits = next()
      for part in 0..<4 { sum += Double((bits >> (16 * UInt64(part))) & 0xFFFF) / 65_536 }
    }
    return sum
  }
}

/// A hash that is the same in every process: 64-bit FNV-1a, mixed once more.
package func stableHash(_ text: String) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
  var mixer = SplitMix64(seed: hash)
  return mixer.next()
}
