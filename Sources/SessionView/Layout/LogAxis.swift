import Glibc

/// A logarithmic axis over whole decades.
package struct LogAxis: Equatable {
  /// The exponents of ten at both ends.
  package let decades: ClosedRange<Int>
  let left: Double
  let right: Double

  /// Makes an axis that holds all values above 0 of a range.
  package init(least: Double, greatest: Double, left: Double, right: Double) {
    let low = Int(log10(max(least, 1e-3)).rounded(.down))
    let high = Int((log10(max(greatest, 1e-3)) - 1e-9).rounded(.up))
    decades = low...max(low + 1, high)
    (self.left, self.right) = (left, right)
  }

  /// Where a value lies; what is beyond an end lies at that end.
  package func position(_ value: Double) -> Double {
    let exponent = value > 0 ? log10(value) : -.infinity
    let share = (exponent - Double(decades.lowerBound)) / Double(decades.count - 1)
    return left + min(max(share, 0), 1) * (right - left)
  }

  /// The powers of ten.
  package var major: [Double] { decades.map { pow(10, Double($0)) } }

  /// Two to nine times the powers of ten.
  package var minor: [Double] {
    major.dropLast().flatMap { power in (2...9).map { Double($0) * power } }
  }

  /// A power of ten as a number of milliseconds.
  package func label(_ value: Double) -> String {
    if value >= 1_000 { return (value / 1_000).text(decimals: 0) + " s" }
    if value >= 1 { return value.text(decimals: 0) + " ms" }
    return (value * 1_000).text(decimals: 0) + " µs"
  }
}
