/// What happened, above the recordings, with a line through the row.
extension RowDrawing {
  func drawMarks(on canvas: borrowing Canvas) {
    let box = frame.marks
    caption("events", "", box, on: canvas)
    // The last row shows also what happened at its very end.
    let isLast =
      shown.upperBound < frame.range.upperBound || shown.upperBound >= timeline.length - 1e-9
    let inside = timeline.marks.filter {
      $0.time >= shown.lowerBound
        && ($0.time < shown.upperBound || isLast && $0.time <= shown.upperBound + 1e-6)
    }
    let marks = EventMark.joined(inside, within: 12 / frame.pointsPerSecond)
    var lanes = LabelLanes(count: frame.markLanes, range: box.x...box.right, leastWidth: 44)
    let labels = marks.map { $0.label(assistantRate: timeline.assistant.sampleRate) }
    for (index, mark) in marks.enumerated() {
      let width = min(canvas.measure(labels[index], size: Self.labelSize) + 5, 300)
      lanes.place(label: index, anchor: frame.x(mark.time), width: width)
    }
    let strip = box.bottom - RowFrame.stripHeight / 2
    for mark in marks {
      let x = frame.x(mark.time)
      canvas.line(
        [Point(x: x, y: strip), Point(x: x, y: frame.latency.bottom)], mark.kind.ink, width: 0.9,
        opacity: 0.75, dash: [2, 2])
    }
    for placement in lanes.placements {
      let x = frame.x(marks[placement.label].time)
      let top = base(placement.lane, box) - 10
      canvas.line([Point(x: x, y: top), Point(x: x, y: strip)], .rule, width: 0.75)
    }
    for placement in lanes.placements {
      draw(labels[placement.label], placement, base(placement.lane, box), on: canvas)
    }
    // Shapes at one place are set beside each other.
    var next = -Double.infinity
    for mark in marks {
      let x = max(frame.x(mark.time), next)
      canvas.shape(mark.kind, at: Point(x: x, y: strip))
      next = x + 11
    }
  }
}
