/// Values with their percentiles.
public struct Distribution: Codable, Sendable {
  /// How many values.
  public let count: Int
  /// Half of them are at most this.
  public let p50: Double
  /// Nine in ten are at most this.
  public let p90: Double
  /// 99 of a hundred are at most this.
  public let p99: Double
  /// 999 of a thousand are at most this.
  public let p999: Double
  /// The largest.
  public let max: Double

  /// Sorts values out; at least one.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "Nothing was measured")
    let sorted = values.sorted()
    func percentile(_ percent: Double) -> Double {
      let rank = (percent / 100 * Double(sorted.count)).rounded(.up)
      return sorted[Swift.max(0, Int(rank) - 1)]
    }
    count = sorted.count
    (p50, p90) = (percentile(50), percentile(90))
    (p99, p999) = (percentile(99), percentile(99.9))
    max = sorted[sorted.count - 1]
  }
}
