/// What happened, above the recordings, with a line through the row.
extension RowDrawing {
  private var strip: Double { frame.marks.bottom - RowFrame.stripHeight / 2 }

  func drawMarkLines(on canvas: borrowing Canvas) {
    for mark in labels.marks {
      let x = frame.x(mark.time)
      canvas.line(
        [Point(x: x, y: strip), Point(x: x, y: frame.latency.bottom)], mark.kind.ink, width: 0.9,
        opacity: 0.75, dash: [2, 2])
    }
  }

  func drawMarks(on canvas: borrowing Canvas) {
    let box = frame.marks
    if !labels.marks.isEmpty { caption("events", "", box, on: canvas) }
    for placement in labels.markPlaces {
      let x = frame.x(labels.marks[placement.label].time)
      let top = base(placement.lane, box) - 10
      canvas.line([Point(x: x, y: top), Point(x: x, y: strip)], .rule, width: 0.75)
    }
    for placement in labels.markPlaces {
      draw(labels.markTexts[placement.label], placement, base(placement.lane, box), on: canvas)
    }
    // Shapes at one place are set beside each other.
    var next = -Double.infinity
    for mark in labels.marks {
      let x = max(frame.x(mark.time), next)
      canvas.shape(mark.kind, at: Point(x: x, y: strip))
      next = x + 11
    }
  }
}
