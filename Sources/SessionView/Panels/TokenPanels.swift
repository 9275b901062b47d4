import Dataflow

/// The text where it was predicted, and how probable the model found its choices.
extension RowDrawing {
  func drawText(on canvas: borrowing Canvas) {
    guard let box = frame.text else { return }
    caption("text", "as predicted", box, on: canvas)
    for placement in labels.textPlaces {
      let x = labels.pieces[placement.label].x + 0.5
      let top = base(placement.lane, box) - 10
      canvas.line([Point(x: x, y: top), Point(x: x, y: box.bottom)], .rule, width: 0.75)
    }
    let ticks = labels.textTicks.map { Box(x: $0, y: box.bottom - 5, width: 1, height: 5) }
    canvas.fill(ticks, .assistant)
    let shifts = labels.shiftTicks.map { Box(x: $0, y: box.bottom - 7, width: 2, height: 7) }
    canvas.fill(shifts, .shift)
    for placement in labels.textPlaces {
      draw(labels.pieces[placement.label].text, placement, base(placement.lane, box), on: canvas)
    }
  }

  /// A lane's base line.
  func base(_ lane: Int, _ box: Box) -> Double {
    box.y + Double(lane + 1) * RowFrame.laneHeight - 3.5
  }

  /// Writes a label over what lies behind it.
  func draw(
    _ text: String, _ placement: LabelLanes.Placement, _ base: Double, _ ink: Ink = .ink,
    on canvas: borrowing Canvas
  ) {
    let text =
      placement.isShortened
      ? canvas.shortened(text, to: placement.width - 5, size: RowLabels.size) : text
    canvas.fill(
      Box(x: placement.x + 1.5, y: base - 10.5, width: placement.width, height: 13.5), .page)
    canvas.text(text, at: Point(x: placement.x + 3, y: base), size: RowLabels.size, ink)
  }

  func drawProbabilities(on canvas: borrowing Canvas) {
    guard let box = frame.probability else { return }
    drawGrid(box, on: canvas)
    caption("probability", "of each choice", box, on: canvas)
    for (value, text) in [(0.0, "0"), (1, "1")] {
      let y = box.bottom - value * box.height
      canvas.text(
        text, at: Point(x: box.x - 6, y: value == 0 ? y : y + 8), size: Self.smallSize, .muted,
        anchor: .right)
    }
    let half = box.y + box.height / 2
    canvas.line([Point(x: box.x, y: half), Point(x: reached(box).right, y: half)], .grid)
    // Blocks that follow each other are one curve; where some are missing it is broken.
    var run: [BlockRecord] = []
    for record in timeline.records[timeline.records(in: shown)] {
      if let last = run.last, last.block.next != record.block {
        draw(run, in: box, on: canvas)
        run = []
      }
      run.append(record)
    }
    draw(run, in: box, on: canvas)
  }

  private func draw(_ run: [BlockRecord], in box: Box, on canvas: borrowing Canvas) {
    for (ink, isFilled, value) in [
      (Ink.think, false, \BlockRecord.think), (.assistant, true, \.speak), (.shift, true, \.shift),
    ] {
      var points: [Point] = []
      for record in run {
        let position = record.block.position
        guard let (left, right) = span(blocks: position..<position + 1) else { continue }
        let probability = record[keyPath: value]
        let share = probability.isFinite ? Double(min(max(probability, 0), 1)) : 0
        let y = box.bottom - 1 - share * (box.height - 2)
        points += [Point(x: left, y: y), Point(x: right, y: y)]
      }
      guard let first = points.first, let last = points.last else { continue }
      if isFilled {
        canvas.fill(
          polygon: [Point(x: first.x, y: box.bottom)] + points + [Point(x: last.x, y: box.bottom)],
          ink, opacity: 0.22)
      }
      canvas.line(points, ink, width: 1.1)
    }
  }
}
