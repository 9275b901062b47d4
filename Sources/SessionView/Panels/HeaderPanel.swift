import Dataflow

/// A colour or a shape, and what it stands for.
struct LegendEntry: Equatable {
  enum Swatch: Equatable {
    case area(Ink)
    case line(Ink)
    case dashed(Ink)
    case mark(EventMark.Kind)
  }

  let swatch: Swatch
  let text: String
}

/// The legend: groups of entries with a name.
struct Legend: Equatable {
  let groups: [(name: String, entries: [LegendEntry])]

  static func == (left: Legend, right: Legend) -> Bool {
    left.groups.elementsEqual(right.groups) { $0.name == $1.name && $0.entries == $1.entries }
  }

  init(_ timeline: SessionTimeline, range: Range<Double>, detail: RowPlan.Detail) {
    var groups: [(name: String, entries: [LegendEntry])] = [
      (
        "sound",
        [
          LegendEntry(swatch: .area(.environment), text: "environment"),
          LegendEntry(swatch: .area(.assistant), text: "assistant (dark: RMS, light: peaks)"),
          LegendEntry(swatch: .area(.speaking), text: "state: speaking"),
        ]
      )
    ]
    if detail != .overview {
      groups.append(
        (
          "probability of",
          [
            LegendEntry(swatch: .line(.think), text: "think"),
            LegendEntry(swatch: .line(.shift), text: "shift"),
            LegendEntry(swatch: .line(.assistant), text: "speak (any text)"),
          ]
        ))
    }
    groups.append(
      (
        "latency",
        StageID.allCases.map { LegendEntry(swatch: .area($0.ink), text: $0.rawValue) } + [
          LegendEntry(swatch: .area(.waiting), text: "waiting"),
          LegendEntry(swatch: .area(.warning), text: "beyond 80 ms"),
          LegendEntry(swatch: .dashed(.warning), text: "80 ms"),
        ]
      ))
    let marks = timeline.marks(in: range)
    let kinds = EventMark.Kind.allCases.filter { kind in marks.contains { $0.kind == kind } }
    groups.append(
      (
        kinds.isEmpty ? "no events" : "events",
        kinds.map { kind in
          let count = marks.count { $0.kind == kind }
          return LegendEntry(
            swatch: .mark(kind), text: kind == .end ? kind.name : "\(kind.name): \(count.grouped)")
        }
      ))
    self.groups = groups
  }
}

/// Title, facts and legend of a picture.
struct HeaderPanel {
  private struct Word {
    let text: String
    let place: Point
    let ink: Ink
    var size = 12.0
    var bold = false
  }

  private struct Key {
    let swatch: LegendEntry.Swatch
    /// The left end of the swatch, on the text's base line.
    let place: Point
  }

  private static let swatchWidth = 20.0
  private var words: [Word] = []
  private var keys: [Key] = []
  let height: Double

  init(
    title: String, facts: SessionFacts, legend: Legend,
    _ measure: borrowing some TextMeasure & ~Copyable
  ) {
    let left = RowFrame.margin
    let room = RowFrame.plotRight - left
    var y = 38.0
    for line in measure.lines(title.printable, width: room, size: 19, bold: true) {
      words.append(Word(text: line, place: Point(x: left, y: y), ink: .ink, size: 19, bold: true))
      y += 25
    }
    y -= 2
    // Facts: name and value stay together; a value longer than a line goes on below.
    var pieces: [(name: String, value: String, isWarning: Bool, nameWidth: Double)] = []
    for fact in facts.facts {
      let nameWidth = measure.measure(fact.name, size: 12) + 6
      let lines = measure.lines(fact.value, width: room - nameWidth - 2, size: 12)
      for (index, line) in lines.enumerated() {
        let isFirst = index == 0
        pieces.append((isFirst ? fact.name : "", line, fact.isWarning, isFirst ? nameWidth : 0))
      }
    }
    let factFlow = FlowLayout(
      widths: pieces.map { $0.nameWidth + measure.measure($0.value, size: 12) }, gap: 24,
      limit: room)
    for (piece, place) in zip(pieces, factFlow.places) {
      let base = Point(x: left + place.x, y: y + Double(place.line) * 19)
      words.append(Word(text: piece.name, place: base, ink: .muted))
      words.append(
        Word(
          text: piece.value, place: Point(x: base.x + piece.nameWidth, y: base.y),
          ink: piece.isWarning ? .warning : .ink))
    }
    y += Double(factFlow.lineCount) * 19 + 6
    // Legend: a group stays together.
    let widths = legend.groups.map { group in
      group.entries.reduce(measure.measure(group.name, size: 11, bold: true)) {
        $0 + 12 + Self.swatchWidth + measure.measure($1.text, size: 11)
      }
    }
    let flow = FlowLayout(widths: widths, gap: 36, limit: room)
    for (group, place) in zip(legend.groups, flow.places) {
      var x = left + place.x
      let base = y + Double(place.line) * 18
      words.append(
        Word(text: group.name, place: Point(x: x, y: base), ink: .muted, size: 11, bold: true))
      x += measure.measure(group.name, size: 11, bold: true) + 12
      for entry in group.entries {
        keys.append(Key(swatch: entry.swatch, place: Point(x: x, y: base)))
        words.append(
          Word(
            text: entry.text, place: Point(x: x + Self.swatchWidth, y: base), ink: .ink, size: 11))
        x += Self.swatchWidth + measure.measure(entry.text, size: 11) + 12
      }
    }
    height = y + Double(flow.lineCount) * 18 - 8
  }

  func draw(on canvas: borrowing Canvas) {
    for word in words {
      canvas.text(word.text, at: word.place, size: word.size, word.ink, bold: word.bold)
    }
    for key in keys {
      let (x, y) = (key.place.x, key.place.y - 4)
      switch key.swatch {
      case .area(let ink): canvas.fill(Box(x: x, y: y - 4.5, width: 14, height: 9), ink)
      case .line(let ink): canvas.line([Point(x: x, y: y), Point(x: x + 14, y: y)], ink, width: 2)
      case .dashed(let ink):
        canvas.line([Point(x: x, y: y), Point(x: x + 14, y: y)], ink, width: 1.2, dash: [4, 3])
      case .mark(let kind): canvas.shape(kind, at: Point(x: x + 8, y: y))
      }
    }
  }
}
