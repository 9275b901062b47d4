import Glibc

/// What a latency chart draws.
struct LatencyDrawing: Drawing {
  static let width = 1_200.0
  private static let left = 28.0
  private static let plotLeft = 170.0
  private static let plotRight = 730.0
  private static let rowHeight = 58.0
  private static let columns = ["p50", "p90", "p99", "p99.9", "max", "misses"]

  let chart: LatencyChart
  let axis: LogAxis
  let titles: [String]
  let subtitles: [String]
  let size: (width: Double, height: Double)
  private let top: Double

  init(_ chart: LatencyChart) throws(SessionViewError) {
    self.chart = chart
    let filled = chart.stages.flatMap { $0.buckets.filter { $0.count > 0 }.map(\.upperBound) }
    axis = LogAxis(
      least: min(filled.min() ?? 1, chart.deadline),
      greatest: max(filled.max() ?? 1, chart.stages.map(\.max).max() ?? 1, chart.deadline * 1.2),
      left: Self.plotLeft, right: Self.plotRight)
    let ruler = try TextRuler(title: chart.title)
    let room = Self.width - 2 * Self.left
    titles = ruler.lines(chart.title.printable, width: room, size: 18, bold: true)
    subtitles = ruler.lines(chart.subtitle.printable, width: room, size: 12)
    top = 20 + Double(titles.count) * 24 + Double(subtitles.count) * 18 + 34
    size = (Self.width, top + Double(chart.stages.count) * Self.rowHeight + 62)
  }

  func draw(on canvas: borrowing Canvas) {
    canvas.fillAll(.page)
    var y = 38.0
    for line in titles {
      canvas.text(line, at: Point(x: Self.left, y: y), size: 18, .ink, bold: true)
      y += 24
    }
    for line in subtitles {
      canvas.text(line, at: Point(x: Self.left, y: y - 3), size: 12, .muted)
      y += 18
    }
    for (index, name) in Self.columns.enumerated() {
      canvas.text(
        name, at: Point(x: column(index), y: top - 10), size: 11.5, .muted, anchor: .right,
        bold: true)
    }
    let bottom = top + Double(chart.stages.count) * Self.rowHeight
    drawAxis(bottom, on: canvas)
    for (index, stage) in chart.stages.enumerated() {
      draw(stage, top: top + Double(index) * Self.rowHeight, on: canvas)
    }
    let x = axis.position(chart.deadline)
    canvas.line(
      [Point(x: x, y: top - 4), Point(x: x, y: bottom)], .warning, width: 1.3, dash: [4, 3])
    canvas.text(
      "deadline \(chart.deadline.text(decimals: 0)) ms", at: Point(x: x, y: top - 10), size: 11,
      .warning, anchor: .centre)
  }

  /// The right end of a column of numbers.
  private func column(_ index: Int) -> Double { 814 + Double(index) * 71.6 }

  private func drawAxis(_ bottom: Double, on canvas: borrowing Canvas) {
    for value in axis.minor {
      let x = axis.position(value)
      canvas.line([Point(x: x, y: bottom), Point(x: x, y: bottom + 3)], .rule)
    }
    for value in axis.major {
      let x = axis.position(value)
      canvas.line([Point(x: x, y: top), Point(x: x, y: bottom)], .grid)
      canvas.line([Point(x: x, y: bottom), Point(x: x, y: bottom + 6)], .muted)
      canvas.text(
        axis.label(value), at: Point(x: x, y: bottom + 19), size: 11, .muted, anchor: .centre)
    }
    canvas.text(
      "height: logarithm of the number of blocks; marks: p50, p90, p99, p99.9 and maximum",
      at: Point(x: Self.plotLeft, y: bottom + 42), size: 11, .muted)
  }

  private func draw(_ stage: LatencyChart.Stage, top: Double, on canvas: borrowing Canvas) {
    let base = top + Self.rowHeight - 8
    canvas.line([Point(x: Self.left, y: base), Point(x: Self.width - Self.left, y: base)], .rule)
    let name = canvas.shortened(stage.name.printable, to: Self.plotLeft - Self.left - 12, size: 13)
    canvas.text(name, at: Point(x: Self.left, y: base - 8), size: 13, .ink)
    drawHistogram(stage, base: base, on: canvas)
    for value in [stage.p50, stage.p90, stage.p99, stage.p999] {
      let x = axis.position(value)
      canvas.line([Point(x: x, y: base - 1), Point(x: x, y: base - 10)], .ink, width: 1.4)
    }
    canvas.disc(Point(x: axis.position(stage.max), y: base), radius: 3, .ink)
    let values = [stage.p50, stage.p90, stage.p99, stage.p999, stage.max]
    for (index, value) in values.enumerated() {
      canvas.text(
        value.millisecondsText, at: Point(x: column(index), y: base - 8), size: 12,
        value > chart.deadline ? .warning : .ink, anchor: .right)
    }
    canvas.text(
      stage.misses.grouped, at: Point(x: column(values.count), y: base - 8), size: 12,
      stage.misses > 0 ? .warning : .ink, anchor: .right, bold: stage.misses > 0)
  }

  /// Bars of three points; buckets that fall into one are added up.
  private func drawHistogram(
    _ stage: LatencyChart.Stage, base: Double, on canvas: borrowing Canvas
  ) {
    let step = 3.0
    let deadlineBar = Int((axis.position(chart.deadline) - Self.plotLeft) / step)
    var counts = [Int](repeating: 0, count: Int((Self.plotRight - Self.plotLeft) / step) + 1)
    var late = counts
    for bucket in stage.buckets where bucket.count > 0 {
      let bar = Int((axis.position(bucket.upperBound) - Self.plotLeft) / step)
      // The bar in which the deadline lies belongs to both sides.
      if bucket.upperBound > chart.deadline, bar >= deadlineBar {
        late[bar] += bucket.count
      } else {
        counts[bar] += bucket.count
      }
    }
    let greatest = zip(counts, late).map(+).max() ?? 0
    let scale = (Self.rowHeight - 14) / log2(Double(greatest) + 1)
    for (bars, ink) in [(counts, Ink.encoder), (late, .warning)] {
      let boxes = bars.enumerated().filter { $0.element > 0 }.map { bar, count in
        let height = log2(Double(count) + 1) * scale
        return Box(
          x: Self.plotLeft + Double(bar) * step, y: base - height, width: step - 0.5,
          height: height)
      }
      canvas.fill(boxes, ink)
    }
  }
}
