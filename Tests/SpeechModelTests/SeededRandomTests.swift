import SpeechModel
import Testing

struct SeededRandomTests {
  /// Numbers of the published algorithm, computed from its definition.
  @Test func `seed 0 gives the known sequence`() {
    var random = SeededRandom(seed: 0)
    let found = (0..<3).map { _ in random.next() }
    #expect(found == [0x99EC_5F36_CB75_F2B4, 0xBF6E_1F78_4956_452A, 0x1A5F_849D_4933_E6E0])
  }

  @Test func `a copy repeats what the original gives`() {
    var random = SeededRandom(seed: 7)
    _ = random.next()
    var copy = random
    #expect((0..<100).map { _ in random.next() } == (0..<100).map { _ in copy.next() })
    #expect(random == copy)
  }

  @Test func `different seeds give different sequences`() {
    var first = (0..<64).map { SeededRandom(seed: $0) }
    #expect(Set(first.indices.map { first[$0].next() }).count == 64)
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `uniform numbers fill their interval evenly`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var (doubles, floats) = ([Int](repeating: 0, count: 16), [Int](repeating: 0, count: 16))
    for _ in 0..<16_000 {
      doubles[Int(random.uniform() * 16)] += 1
      floats[Int(random.uniformFloat() * 16)] += 1
    }
    // Chi-square with 15 degrees of freedom: over 44 once in 10,000 times.
    #expect(chiSquare(doubles, [Double](repeating: 1000, count: 16)) < 44)
    #expect(chiSquare(floats, [Double](repeating: 1000, count: 16)) < 44)
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `normal numbers have mean 0, variance 1 and normal tails`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let values = (0..<20_000).map { _ in random.normal() }
    let count = Double(values.count)
    #expect(abs(values.reduce(0, +) / count) < 4 / count.squareRoot())
    #expect(abs(values.reduce(0) { $0 + $1 * $1 } / count - 1) < 4 * (2 / count).squareRoot())
    let outside = Double(values.count { abs($0) > 1.959964 }) / count
    #expect(abs(outside - 0.05) < 4 * (0.05 * 0.95 / count).squareRoot())
  }
}

/// Pearson's statistic of counts against expected counts.
func chiSquare(_ found: [Int], _ expected: [Double]) -> Double {
  zip(found, expected).reduce(0) { sum, pair in
    let difference = Double(pair.0) - pair.1
    return sum + difference * difference / pair.1
  }
}
