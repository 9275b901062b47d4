import Dataflow

/// The stages' colours, in flow order.
extension StageID {
  var ink: Ink {
    switch self {
    case .capture: .capture
    case .encoder: .encoder
    case .language: .language
    case .synthesizer: .synthesizer
    case .playback: .playback
    }
  }
}

/// The vertical axis of all latency panels of a picture.
struct LatencyScale: Equatable {
  /// The greatest latency that is drawn whole, in milliseconds.
  let limit: Double

  init(_ latencies: [BlockLatency?]) {
    let worst = latencies.reduce(0) { max($0, $1?.total ?? 0) }
    limit = worst <= 96 ? 100 : 160
  }
}

/// How long each block took, by stage, against the time that a block lasts.
extension RowDrawing {
  func drawLatency(_ scale: LatencyScale, on canvas: borrowing Canvas) {
    let box = frame.latency
    drawGrid(box, on: canvas)
    caption("latency", "per block", box, on: canvas)
    func y(_ milliseconds: Double) -> Double {
      box.bottom - min(milliseconds, scale.limit) / scale.limit * box.height
    }
    let columns = latencyColumns()
    let deadline = BlockLatency.deadline
    var parts: [(ink: Ink, boxes: [Box])] =
      StageID.allCases.map { ($0.ink, []) } + [(.waiting, []), (.warning, [])]
    for column in columns {
      var sum = 0.0
      let stack = column.latency.work + [column.latency.waiting]
      for (index, share) in stack.enumerated() where share > 0 {
        let (low, high) = (y(sum), y(sum + share))
        sum += share
        guard low - high >= 0.06 else { continue }
        parts[index].boxes.append(
          Box(x: column.left, y: high, width: column.width, height: low - high))
      }
      if column.latency.isMiss {
        // What is beyond the deadline, at least two points wide and high, so that it is seen.
        let top = min(y(column.latency.total), y(deadline) - 2)
        parts[parts.count - 1].boxes.append(
          Box(x: column.left, y: top, width: max(2, column.width), height: y(deadline) - top))
      }
    }
    for part in parts { canvas.fill(part.boxes, part.ink) }
    canvas.line(
      [Point(x: box.x, y: y(deadline)), Point(x: reached(box).right, y: y(deadline))], .warning,
      dash: [4, 3])
    for (value, text) in [(0.0, "0"), (deadline, "80 ms")] {
      canvas.text(
        text, at: Point(x: box.x - 6, y: value == 0 ? box.bottom : y(value) + 3.5),
        size: Self.smallSize, .muted, anchor: .right)
    }
    drawWorst(columns, scale, y(deadline), on: canvas)
  }

  /// Says how late the row's latest block was.
  private func drawWorst(
    _ columns: [LatencyColumn], _ scale: LatencyScale, _ deadline: Double,
    on canvas: borrowing Canvas
  ) {
    guard let worst = columns.max(by: { $0.latency.total < $1.latency.total }),
      worst.latency.isMiss
    else { return }
    let box = frame.latency
    let text = worst.latency.total.millisecondsText
    let width = canvas.measure(text, size: Self.smallSize)
    let isLeft = worst.left + worst.width + 6 + width > box.right
    let x = isLeft ? worst.left - 5 - width : worst.left + max(2, worst.width) + 4
    canvas.fill(Box(x: x - 1, y: box.y + 1, width: width + 2, height: 12), .panel)
    canvas.text(text, at: Point(x: x, y: box.y + 10), size: Self.smallSize, .warning)
  }

  private struct LatencyColumn {
    let left: Double
    let width: Double
    let latency: BlockLatency
  }

  /// A column for each block; the latest block of each point where blocks are narrower.
  private func latencyColumns() -> [LatencyColumn] {
    let blockWidth = frame.pointsPerSecond * SessionTimeline.blockSeconds
    let gap = blockWidth >= 5 ? 1 : blockWidth >= 3 ? 0.5 : 0
    var columns: [LatencyColumn] = []
    for index in timeline.records(in: shown) {
      let position = timeline.records[index].block.position
      guard let latency = timeline.latencies[index],
        let (left, right) = span(blocks: position..<position + 1)
      else { continue }
      if blockWidth >= 1 {
        columns.append(
          LatencyColumn(left: left, width: max(right - left - gap, 0.5), latency: latency))
        continue
      }
      let column = left.rounded(.down)
      if let last = columns.last, last.left == column {
        if last.latency.total >= latency.total { continue }
        columns.removeLast()
      }
      columns.append(LatencyColumn(left: column, width: 1, latency: latency))
    }
    return columns
  }
}
