import Foundation
import SessionView
import Testing

struct LatencyChartTests {
  /// Latencies around a median, some of them far beyond the deadline.
  private static func stage(_ name: String, median: Double, late: Int) -> LatencyChart.Stage {
    var buckets = (0..<60).map { step in
      let distance = Double(step - 20) / 8
      return LatencyChart.Bucket(
        upperBound: median * exp(distance / 4), count: Int(4_000 * exp(-distance * distance)))
    }
    if late > 0 { buckets.append(LatencyChart.Bucket(upperBound: 412, count: late)) }
    return LatencyChart.Stage(
      name: name, buckets: buckets, p50: median, p90: median * 1.3, p99: median * 1.6,
      p999: median * 2.1, max: late > 0 ? 412 : median * 2.5, misses: late)
  }

  static let chart = LatencyChart(
    title: "Latency per block", subtitle: "made-up numbers",
    stages: [
      stage("capture", median: 0.04, late: 0), stage("encoder", median: 3, late: 0),
      stage("language", median: 12, late: 3), stage("synthesizer", median: 6, late: 0),
      stage("playback", median: 0.2, late: 0), stage("end to end", median: 22, late: 4),
    ])

  @Test func `a chart has a row for each stage`() throws {
    let folder = try Scratch()
    try Self.chart.png(path: folder.file("latency.png"), scale: 1)
    let pixels = try Pixels(path: folder.file("latency.png"))
    #expect(pixels.width == 1_200)
    let rows = 6.0
    let top = Double(pixels.height) - 62 - rows * 58
    for row in 0..<6 {
      for (x, width) in [(28.0, 130.0), (170, 560), (750, 420)] {
        let box = Box(x: x, y: top + Double(row) * 58, width: width, height: 50)
        #expect(pixels.colours(in: box) > 2, "row \(row) at \(x)")
      }
    }
    if let folder = ProcessInfo.processInfo.environment["OMNI_PICTURES"] {
      try Self.chart.png(path: "\(folder)/latency.png", scale: 1.25)
    }
  }

  @Test func `a chart of nothing is an error`() {
    let chart = LatencyChart(title: "none", stages: [])
    let error = #expect(throws: SessionViewError.self) { try chart.png(path: "/dev/null") }
    #expect(error?.code == .nothingRecorded)
  }
}
