extension Collection<Double> {
  /// The smallest value that so many per cent of the values are at most: the nearest rank.
  ///
  /// - Parameter percent: 0 to 100.
  /// - Returns: The value of that rank.
  /// - Precondition: There is a value.
  package func percentile(_ percent: Double) -> Double {
    precondition(!isEmpty, "Nothing was measured")
    let rank = Int((percent / 100 * Double(count)).rounded(.up))
    return sorted()[Swift.max(0, rank - 1)]
  }
}
