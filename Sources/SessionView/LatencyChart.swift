/// A picture of latencies: for each stage a histogram on a logarithmic axis, its percentiles, and
/// the 80 ms that a block lasts.
///
/// ```swift
/// let chart = LatencyChart(title: "nano, two cores", stages: stages)
/// try chart.png(path: "latency.png")
/// ```
public struct LatencyChart: Sendable {
  /// A bucket of a histogram.
  public struct Bucket: Hashable, Sendable {
    /// The greatest value that it counts, in milliseconds; above 0.
    public var upperBound: Double
    /// How many values there were.
    public var count: Int

    /// Makes a bucket.
    ///
    /// - Parameters:
    ///   - upperBound: The greatest value that it counts, in milliseconds; above 0.
    ///   - count: How many values there were.
    public init(upperBound: Double, count: Int) {
      (self.upperBound, self.count) = (upperBound, count)
    }
  }

  /// One row of the chart.
  public struct Stage: Hashable, Sendable {
    /// The stage's name, or such as "end to end".
    public var name: String
    /// The histogram, by rising upper bounds.
    public var buckets: [Bucket]
    /// The median, in milliseconds.
    public var p50: Double
    /// The 90th percentile, in milliseconds.
    public var p90: Double
    /// The 99th percentile, in milliseconds.
    public var p99: Double
    /// The 99.9th percentile, in milliseconds.
    public var p999: Double
    /// The greatest value, in milliseconds.
    public var max: Double
    /// How many values were above the deadline.
    public var misses: Int

    /// Makes a row.
    ///
    /// - Parameters:
    ///   - name: The stage's name, or such as "end to end".
    ///   - buckets: The histogram, by rising upper bounds.
    ///   - p50: The median, in milliseconds.
    ///   - p90: The 90th percentile, in milliseconds.
    ///   - p99: The 99th percentile, in milliseconds.
    ///   - p999: The 99.9th percentile, in milliseconds.
    ///   - max: The greatest value, in milliseconds.
    ///   - misses: How many values were above the deadline.
    public init(
      name: String, buckets: [Bucket], p50: Double, p90: Double, p99: Double, p999: Double,
      max: Double, misses: Int
    ) {
      (self.name, self.buckets, self.p50, self.p90) = (name, buckets, p50, p90)
      (self.p99, self.p999, self.max, self.misses) = (p99, p999, max, misses)
    }
  }

  let title: String
  let subtitle: String
  let stages: [Stage]
  let deadline: Double

  /// Describes the picture.
  ///
  /// - Parameters:
  ///   - title: The headline.
  ///   - subtitle: More about it, such as the machine; or empty.
  ///   - stages: The rows, from above.
  ///   - deadline: What a value must not exceed, in milliseconds.
  public init(title: String, subtitle: String = "", stages: [Stage], deadline: Double = 80) {
    precondition(deadline > 0, "No deadline: \(deadline)")
    (self.title, self.subtitle, self.stages, self.deadline) = (title, subtitle, stages, deadline)
  }

  /// Writes the picture as a PNG file; an older file of this name is replaced.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - scheme: The colours.
  ///   - scale: Pixels in a point; the picture is 1,200 points wide.
  /// - Throws: ``SessionViewError``: nothingRecorded, drawing, or why the file cannot be written.
  public func png(
    path: String, scheme: ColourScheme = .light, scale: Double = 2
  ) throws(SessionViewError) {
    precondition(scale > 0 && scale.isFinite, "No scale: \(scale)")
    guard stages.contains(where: { $0.buckets.contains { $0.count > 0 } }) else {
      throw SessionViewError(.nothingRecorded, path: title)
    }
    let drawing = try LatencyDrawing(self)
    try PictureFile.write(try drawing.png(scale: scale, scheme: scheme, title: title), to: path)
  }
}
