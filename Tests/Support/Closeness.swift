/// The largest difference between two sequences, relative to the root mean square of `expected`.
///
/// Infinite where the lengths differ or a value is not finite.
package func relativeError(_ found: [Float], _ expected: [Float]) -> Float {
  guard found.count == expected.count, !expected.isEmpty else { return .infinity }
  var (largest, squares) = (Float(0), Double(0))
  for (a, b) in zip(found, expected) {
    guard a.isFinite, b.isFinite else { return .infinity }
    largest = max(largest, abs(a - b))
    squares += Double(b) * Double(b)
  }
  let rms = Float((squares / Double(expected.count)).squareRoot())
  return rms == 0 ? largest : largest / rms
}

/// The largest absolute difference; infinite where the lengths differ or a value is not finite.
package func largestDifference(_ found: [Float], _ expected: [Float]) -> Float {
  guard found.count == expected.count else { return .infinity }
  var largest: Float = 0
  for (a, b) in zip(found, expected) {
    guard a.isFinite, b.isFinite else { return .infinity }
    largest = max(largest, abs(a - b))
  }
  return largest
}
