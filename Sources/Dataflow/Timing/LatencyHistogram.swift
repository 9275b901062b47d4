/// Counts durations in fixed logarithmic buckets, from 1 µs to more than half an hour.
///
/// A bucket is at most 1/64 wide relative to its values, so a percentile is at most 1.6 % too
/// large, and never too small. The buckets go far past any deadline, so that a late block shows
/// how late it was. The memory is fixed.
public struct LatencyHistogram: Sendable, Hashable {
  /// Values below 128 µs have a bucket for each microsecond; then 64 buckets for each doubling.
  private static let linear = 128
  private static let perOctave = 64
  /// Octaves above the linear part: up to 2^31 µs, 36 minutes.
  private static let octaves = 24

  /// What a value must not exceed; more are counted in ``misses``.
  public let deadline: Duration
  private var buckets = [UInt64](repeating: 0, count: linear + perOctave * octaves)

  /// How many values were recorded.
  public private(set) var count: UInt64 = 0
  /// How many values exceeded the deadline, exactly.
  public private(set) var misses: UInt64 = 0
  /// The largest value, exactly; zero where there is none.
  public private(set) var max: Duration = .zero

  /// Makes an empty histogram.
  ///
  /// - Parameter deadline: What a value must not exceed.
  public init(deadline: Duration = BlockIndex.duration) { self.deadline = deadline }

  /// Counts a value.
  ///
  /// - Parameter value: The value; a negative one counts as zero.
  public mutating func record(_ value: Duration) {
    buckets[Self.bucket(value)] += 1
    count += 1
    if value > deadline { misses += 1 }
    if value > max { max = value }
  }

  /// The least duration that at least `percent` of the values do not exceed.
  ///
  /// - Parameter percent: From 0 to 100, such as 99.9.
  /// - Returns: The upper end of the value's bucket, at most ``max``; zero where there is no value.
  public func percentile(_ percent: Double) -> Duration {
    precondition((0...100).contains(percent), "No percentage: \(percent)")
    let rank = Swift.max(1, UInt64((percent / 100 * Double(count)).rounded(.up)))
    var seen: UInt64 = 0
    for (index, bucket) in buckets.enumerated() {
      seen += bucket
      guard seen >= rank else { continue }
      // The last bucket also holds all that is beyond.
      return index == buckets.count - 1 ? max : min(Self.upperEnd(index), max)
    }
    return max
  }

  /// Adds another histogram's counts.
  ///
  /// - Parameter other: A histogram with the same deadline.
  public mutating func merge(_ other: LatencyHistogram) {
    precondition(deadline == other.deadline, "Histograms of different deadlines do not add up")
    for index in buckets.indices { buckets[index] += other.buckets[index] }
    count += other.count
    misses += other.misses
    max = Swift.max(max, other.max)
  }

  /// The percentiles that reports show.
  public var summary: Summary {
    Summary(
      count: count, misses: misses, p50: percentile(50), p90: percentile(90),
      p99: percentile(99), p999: percentile(99.9), max: max)
  }

  /// The percentiles that reports show.
  public struct Summary: Hashable, Sendable {
    /// How many values there were.
    public let count: UInt64
    /// How many exceeded the deadline.
    public let misses: UInt64
    /// The median.
    public let p50: Duration
    /// The 90th percentile.
    public let p90: Duration
    /// The 99th percentile.
    public let p99: Duration
    /// The 99.9th percentile.
    public let p999: Duration
    /// The largest value.
    public let max: Duration
  }

  /// A bucket holds the values above the one before it and up to its upper end.
  private static func bucket(_ value: Duration) -> Int {
    let (seconds, attoseconds) = value.components
    guard seconds >= 0, attoseconds > 0 || seconds > 0 else { return 0 }
    guard seconds < 1 << 12 else { return linear + perOctave * octaves - 1 }
    let rounded = (attoseconds + 999_999_999_999) / 1_000_000_000_000
    let microseconds = Int(seconds * 1_000_000 + rounded)
    guard microseconds >= linear else { return microseconds }
    let octave = microseconds.bitWidth - microseconds.leadingZeroBitCount - 8
    guard octave < octaves else { return linear + perOctave * octaves - 1 }
    return linear + perOctave * octave + (microseconds >> (octave + 1)) - perOctave
  }

  private static func upperEnd(_ bucket: Int) -> Duration {
    guard bucket >= linear else { return .microseconds(bucket) }
    let (octave, step) = (bucket - linear).quotientAndRemainder(dividingBy: perOctave)
    return .microseconds(((perOctave + step + 1) << (octave + 1)) - 1)
  }
}
