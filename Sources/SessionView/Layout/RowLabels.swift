import Dataflow

/// The texts of a row, and where they lie: what happened, and what was predicted.
struct RowLabels {
  static let size = 11.0
  /// What a label's width has more than its text.
  private static let padding = 5.0

  let marks: [EventMark]
  let markTexts: [String]
  let markPlaces: [LabelLanes.Placement]
  let pieces: [TextPieces.Piece]
  let textPlaces: [LabelLanes.Placement]
  /// Where text tokens and shifts are, on the horizontal.
  let (textTicks, shiftTicks): ([Double], [Double])

  var markLanes: Int { (markPlaces.map(\.lane).max() ?? -1) + 1 }
  var textLanes: Int { max(2, (textPlaces.map(\.lane).max() ?? -1) + 1) }

  init(
    _ timeline: SessionTimeline, row: Range<Double>, shown: Range<Double>, isLast: Bool,
    detail: RowPlan.Detail, _ ruler: borrowing some TextMeasure & ~Copyable
  ) {
    let plot = RowFrame.plotLeft...RowFrame.plotRight
    let pointsPerSecond =
      (plot.upperBound - plot.lowerBound) / (row.upperBound - row.lowerBound)
    // The last row shows also what happened at its very end.
    let inside = timeline.marks.filter {
      $0.time >= shown.lowerBound
        && ($0.time < shown.upperBound || isLast && $0.time <= shown.upperBound + 1e-6)
    }
    marks = EventMark.joined(inside, within: 12 / pointsPerSecond)
    markTexts = marks.map { $0.label(timeline.rates) }
    // In an overview a label is whole or not there: the list below has them all.
    let isOverview = detail == .overview
    var lanes = LabelLanes(
      count: isOverview ? 1 : 3, range: plot, leastWidth: isOverview ? .infinity : 44)
    for (index, mark) in marks.enumerated() {
      let width = ruler.measure(markTexts[index], size: Self.size) + Self.padding
      lanes.place(label: index, anchor: RowFrame.x(mark.time, in: row), width: width)
    }
    markPlaces = lanes.placements
    guard detail != .overview else {
      (pieces, textPlaces, textTicks, shiftTicks) = ([], [], [], [])
      return
    }
    var utterances: [[TextPieces.Token]] = []
    var (textTicks, shiftTicks): ([Double], [Double]) = ([], [])
    for index in timeline.records(in: shown) {
      let record = timeline.records[index]
      let start = Double(record.block.position) * SessionTimeline.blockSeconds
      // Of a block that began in the row above, the rest is here.
      let x = RowFrame.x(max(start, row.lowerBound), in: row)
      if timeline.choices[index] == .shift { shiftTicks.append(x) }
      if timeline.choices[index] == .text { textTicks.append(x) }
      // An answer begins with its shift; what its end had left of a character still belongs to it.
      if record.firstText != nil || utterances.isEmpty { utterances.append([]) }
      guard let text = record.text?.printable else { continue }
      utterances[utterances.count - 1].append(TextPieces.Token(x: x, text: text))
    }
    (self.textTicks, self.shiftTicks) = (textTicks, shiftTicks)
    let textLanes = LabelLanes(count: detail == .single ? 7 : 5, range: plot)
    let placed = TextPieces.place(
      utterances, in: textLanes, size: Self.size, padding: Self.padding, ruler)
    (pieces, textPlaces) = (placed.pieces, placed.lanes.placements)
  }
}
