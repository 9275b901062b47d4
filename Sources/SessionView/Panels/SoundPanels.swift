import Glibc

/// Both recordings, and the assistant's state under them.
extension RowDrawing {
  func drawSound(on canvas: borrowing Canvas) {
    for (box, waveform, title, ink) in [
      (frame.environment, timeline.environment, "environment", Ink.environment),
      (frame.assistant, timeline.assistant, "assistant", Ink.assistant),
    ] {
      drawGrid(box, on: canvas)
      for turn in timeline.turns {
        guard let (left, right) = span(blocks: turn) else { continue }
        canvas.fill(
          Box(x: left, y: box.y, width: right - left, height: box.height), .speaking,
          opacity: ink == .assistant ? 1 : 0.5)
      }
      let peak = waveform.peak
      let level = peak > 0 ? "peak \((20 * log10(Double(peak))).text(decimals: 1)) dBFS" : "silent"
      caption(title, waveform.count > 0 ? level : "not recorded", box, ink, on: canvas)
      if waveform.count > 0 { draw(waveform, gain: peak, in: box, ink, on: canvas) }
    }
  }

  /// Draws the range of samples, and the root of their mean square in it, in columns of a point.
  private func draw(
    _ waveform: Waveform, gain peak: Float, in box: Box, _ ink: Ink, on canvas: borrowing Canvas
  ) {
    let (middle, half) = (box.y + box.height / 2, box.height / 2 - 2)
    let scale = peak > 0 ? half / Double(peak) : 0
    var outer: (above: [Point], below: [Point]) = ([], [])
    var inner: (above: [Point], below: [Point]) = ([], [])
    let (left, right) = (frame.x(shown.lowerBound), frame.x(shown.upperBound))
    let columns = max(1, Int((right - left).rounded(.up)))
    for column in 0..<columns {
      let x = min(right, left + Double(column))
      let start = shown.lowerBound + Double(column) / frame.pointsPerSecond
      let end = min(shown.upperBound, start + 1 / frame.pointsPerSecond)
      guard let extent = waveform.extent(from: start, to: end) else { break }
      // Silence is a thin line, not nothing.
      let above = max(0.4, Double(extent.greatest) * scale)
      let below = max(0.4, -Double(extent.least) * scale)
      let level = Double(extent.meanSquare.squareRoot()) * scale
      outer.above.append(Point(x: x, y: middle - above))
      outer.below.append(Point(x: x, y: middle + below))
      inner.above.append(Point(x: x, y: middle - level))
      inner.below.append(Point(x: x, y: middle + level))
    }
    canvas.fill(polygon: outer.above + outer.below.reversed(), ink, opacity: 0.55)
    canvas.fill(polygon: inner.above + inner.below.reversed(), ink)
  }

  func drawState(on canvas: borrowing Canvas) {
    let box = reached(frame.state)
    if detail != .overview { caption("state", "", frame.state, on: canvas) }
    canvas.fill(box, .grid)
    var listening = box.x
    var spans: [(left: Double, right: Double, isSpeaking: Bool)] = []
    for turn in timeline.turns {
      guard let (left, right) = span(blocks: turn) else { continue }
      if left > listening { spans.append((listening, left, false)) }
      spans.append((left, right, true))
      listening = right
    }
    if listening < box.right { spans.append((listening, box.right, false)) }
    for (left, right, isSpeaking) in spans {
      if isSpeaking {
        canvas.fill(Box(x: left, y: box.y, width: right - left, height: box.height), .assistant)
      }
      let name = isSpeaking ? "speaking" : "listening"
      let width = canvas.measure(name, size: Self.smallSize)
      guard box.height >= 12, right - left >= width + 10 else { continue }
      canvas.text(
        name, at: Point(x: (left + right) / 2, y: box.bottom - 3.5), size: Self.smallSize,
        isSpeaking ? .page : .muted, anchor: .centre)
    }
  }
}
