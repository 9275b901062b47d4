/// The picture of a session: header, rows and, in an overview, the list of events.
package struct SessionDrawing: Drawing {
  let timeline: SessionTimeline
  /// What is shown, in seconds.
  let range: Range<Double>
  package let plan: RowPlan
  let header: HeaderPanel
  package let rows: [RowFrame]
  let labels: [RowLabels]
  let list: EventListPanel?
  package let size: (width: Double, height: Double)

  init(
    _ timeline: SessionTimeline, title: String, range: Range<Double>
  ) throws(SessionViewError) {
    self.timeline = timeline
    self.range = range
    plan = RowPlan(range: range)
    let ruler = try TextRuler(title: title)
    header = HeaderPanel(
      title: title, facts: SessionFacts(timeline, shown: range),
      legend: Legend(timeline, range: range, detail: plan.detail), ruler)
    var y = header.height + 10
    var rows: [RowFrame] = []
    var labels: [RowLabels] = []
    for (index, row) in plan.rows.enumerated() {
      let label = RowLabels(
        timeline, row: row, shown: Self.shown(row, of: range),
        isLast: index == plan.rows.count - 1, detail: plan.detail, ruler)
      let frame = RowFrame(
        range: row, detail: plan.detail, lanes: (label.markLanes, label.textLanes), top: y)
      labels.append(label)
      rows.append(frame)
      y = frame.bottom + 20
    }
    (self.rows, self.labels) = (rows, labels)
    if plan.detail == .overview {
      let list = EventListPanel(timeline, range: range, top: y)
      self.list = list
      y += list.height
    } else {
      list = nil
    }
    size = (RowFrame.pageWidth, y + 4)
  }

  func draw(on canvas: borrowing Canvas) {
    canvas.fillAll(.page)
    header.draw(on: canvas)
    let latencyLimit = LatencyScale(timeline.latencies)
    for (frame, labels) in zip(rows, labels) {
      let row = RowDrawing(
        timeline: timeline, frame: frame, labels: labels, detail: plan.detail,
        shown: Self.shown(frame.range, of: range))
      row.drawSound(on: canvas)
      row.drawProbabilities(on: canvas)
      row.drawLatency(latencyLimit, on: canvas)
      row.drawAxis(on: canvas)
      // Over curves and bars, under texts.
      row.drawMarkLines(on: canvas)
      row.drawState(on: canvas)
      row.drawText(on: canvas)
      row.drawMarks(on: canvas)
    }
    list?.draw(on: canvas)
  }

  private static func shown(_ row: Range<Double>, of range: Range<Double>) -> Range<Double> {
    max(row.lowerBound, range.lowerBound)..<min(row.upperBound, range.upperBound)
  }
}

/// One row of a session's picture; its panels are in extensions.
struct RowDrawing {
  static let captionSize = 11.5
  static let smallSize = 10.0

  let timeline: SessionTimeline
  let frame: RowFrame
  let labels: RowLabels
  let detail: RowPlan.Detail
  /// The part of the row's time that the session reaches.
  let shown: Range<Double>

  /// A panel's part that the session reaches.
  func reached(_ box: Box) -> Box {
    let left = frame.x(shown.lowerBound)
    return Box(x: left, y: box.y, width: frame.x(shown.upperBound) - left, height: box.height)
  }

  /// Names a panel in the left margin.
  func caption(
    _ title: String, _ detail: String = "", _ box: Box, _ ink: Ink = .ink,
    on canvas: borrowing Canvas
  ) {
    let left = RowFrame.margin
    let middle = box.y + box.height / 2
    if detail.isEmpty {
      canvas.text(
        title, at: Point(x: left, y: middle + 4), size: Self.captionSize, ink, bold: true)
    } else {
      canvas.text(
        title, at: Point(x: left, y: middle - 2), size: Self.captionSize, ink, bold: true)
      canvas.text(detail, at: Point(x: left, y: middle + 12), size: Self.smallSize, .muted)
    }
  }

  /// The blocks of a range of positions, cut to the row, on the horizontal.
  func span(blocks: Range<Int>) -> (left: Double, right: Double)? {
    let start = max(Double(blocks.lowerBound) * SessionTimeline.blockSeconds, shown.lowerBound)
    let end = min(Double(blocks.upperBound) * SessionTimeline.blockSeconds, shown.upperBound)
    return start < end ? (frame.x(start), frame.x(end)) : nil
  }

  func drawAxis(on canvas: borrowing Canvas) {
    let (box, reach) = (frame.axis, reached(frame.axis))
    let ticks = TimeTicks(range: frame.range, width: box.width)
    canvas.line([Point(x: reach.x, y: box.y), Point(x: reach.right, y: box.y)], .rule)
    for time in ticks.minor where frame.x(time) <= reach.right + 0.5 {
      let x = frame.x(time)
      canvas.line([Point(x: x, y: box.y), Point(x: x, y: box.y + 3)], .rule)
    }
    for time in ticks.major where frame.x(time) <= reach.right + 0.5 {
      let x = frame.x(time)
      canvas.line([Point(x: x, y: box.y), Point(x: x, y: box.y + 6)], .muted)
      canvas.text(
        ticks.label(time), at: Point(x: x, y: box.y + 18), size: Self.smallSize, .muted,
        anchor: .centre)
    }
    canvas.text(
      frame.range.upperBound > 60 ? "time (min:s)" : "time",
      at: Point(x: RowFrame.margin, y: box.y + 18), size: Self.smallSize, .muted)
  }

  /// Thin lines at the labelled times, behind what a panel shows.
  func drawGrid(_ box: Box, on canvas: borrowing Canvas) {
    let reach = reached(box)
    canvas.fill(reach, .panel)
    for time in TimeTicks(range: frame.range, width: box.width).major {
      let x = frame.x(time)
      guard x > reach.x, x < reach.right else { continue }
      canvas.line([Point(x: x, y: box.y), Point(x: x, y: box.bottom)], .grid)
    }
  }
}
