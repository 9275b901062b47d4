import Dataflow
import Testing

struct LatencyHistogramTests {
  /// Durations over nine decades, from 100 ns up.
  private func values(_ seed: UInt64, count: Int = 5_000) -> [Duration] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      let magnitude = UInt64(1) << UInt64.random(in: 0...34, using: &random)
      return .nanoseconds(100 + Int64(UInt64.random(in: 0...magnitude, using: &random)))
    }
  }

  @Test func `the percentile of few values is the nearest rank`() {
    let values: [Double] = [3, 10, 1, 2, 9, 8, 4, 7, 6, 5]
    let expected: [(Double, Double)] = [(0, 1), (10, 1), (50, 5), (90, 9), (91, 10), (100, 10)]
    for (percent, value) in expected {
      let found = values.percentile(percent)
      #expect(found == value, "\(percent) %")
    }
  }

  @Test(arguments: UInt64(0)..<20)
  func `percentiles are those of the sorted values to one part in 64`(seed: UInt64) {
    let values = values(seed)
    var histogram = LatencyHistogram()
    for value in values { histogram.record(value) }
    let sorted = values.sorted()
    for percent in [0.01, 1, 10, 50, 90, 99, 99.9, 99.99, 100] {
      let rank = max(1, Int((percent / 100 * Double(sorted.count)).rounded(.up)))
      let exact = sorted[rank - 1]
      let found = histogram.percentile(percent)
      #expect(found >= exact, "\(percent)")
      // One bucket, or the microsecond that is the finest there is.
      #expect(found <= exact + exact / 64 + .microseconds(1), "\(percent): \(found), \(exact)")
    }
    #expect(histogram.max == sorted.last)
    #expect(histogram.percentile(100) == sorted.last)
    #expect(histogram.misses == UInt64(values.filter { $0 > .milliseconds(80) }.count))
  }

  @Test func `whole microseconds up to 128 are exact`() {
    for microseconds in 0..<128 {
      var histogram = LatencyHistogram()
      histogram.record(.microseconds(microseconds))
      histogram.record(.seconds(1))
      #expect(histogram.percentile(50) == .microseconds(microseconds))
    }
  }

  @Test func `a value at the deadline is no miss and one above it is`() {
    var histogram = LatencyHistogram(deadline: .milliseconds(80))
    histogram.record(.milliseconds(80))
    #expect(histogram.misses == 0)
    histogram.record(.milliseconds(80) + .nanoseconds(1))
    #expect(histogram.misses == 1)
  }

  @Test func `merged histograms are one of all values`() {
    var (whole, left, right) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
    for (index, value) in values(1).enumerated() {
      whole.record(value)
      if index % 3 == 0 { left.record(value) } else { right.record(value) }
    }
    left.merge(right)
    #expect(left == whole)
  }

  @Test func `nothing and the far end have answers`() {
    var histogram = LatencyHistogram()
    #expect(histogram.percentile(99) == .zero)
    histogram.record(.seconds(-1))
    #expect(histogram.percentile(100) == .zero)
    histogram.record(.seconds(1_000_000))
    #expect(histogram.percentile(100) == .seconds(1_000_000))
    #expect(histogram.summary.p50 == .zero && histogram.summary.count == 2)
  }
}
