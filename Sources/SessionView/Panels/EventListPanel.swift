/// The events of a long session as a list, in columns.
struct EventListPanel {
  static let columns = 4
  /// The most events that are listed.
  static let limit = 160
  private static let lineHeight = 17.0

  private let marks: ArraySlice<EventMark>
  private let labels: [String]
  private let omitted: Int
  private let top: Double

  init(_ timeline: SessionTimeline, range: Range<Double>, top: Double) {
    let inside = timeline.marks(in: range)
    marks = inside.prefix(Self.limit)
    labels = marks.map { $0.label(timeline.rates) }
    omitted = inside.count - marks.count
    self.top = top
  }

  private var lines: Int { (marks.count + Self.columns - 1) / Self.columns }

  var height: Double { 34 + Double(lines + (omitted > 0 ? 1 : 0)) * Self.lineHeight }

  func draw(on canvas: borrowing Canvas) {
    let left = RowFrame.margin
    canvas.text(
      marks.isEmpty ? "no events" : "events", at: Point(x: left, y: top + 12),
      size: RowDrawing.captionSize, .ink, bold: true)
    let width = (RowFrame.plotRight - left) / Double(Self.columns)
    for (index, mark) in marks.enumerated() {
      let (column, line) = index.quotientAndRemainder(dividingBy: lines)
      let x = left + Double(column) * width
      let y = top + 34 + Double(line) * Self.lineHeight
      canvas.text(
        mark.time.clockText(decimals: 2), at: Point(x: x + 62, y: y), size: RowLabels.size,
        .muted, anchor: .right)
      canvas.shape(mark.kind, at: Point(x: x + 76, y: y - 4))
      let text = canvas.shortened(labels[index], to: width - 108, size: RowLabels.size)
      canvas.text(text, at: Point(x: x + 88, y: y), size: RowLabels.size, .ink)
    }
    if omitted > 0 {
      canvas.text(
        "and \(omitted.counting("more event")); a shorter range shows them",
        at: Point(x: left, y: top + 34 + Double(lines) * Self.lineHeight),
        size: RowLabels.size, .muted)
    }
  }
}
