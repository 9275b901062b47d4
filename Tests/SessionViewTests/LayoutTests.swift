import SessionView
import Testing

/// Every character is six points wide at size 10.
struct FixedWidth: TextMeasure {
  func measure(_ text: String, size: Double, bold: Bool) -> Double {
    Double(text.count) * 0.6 * size
  }
}

struct LayoutTests {
  // MARK: Ticks

  @Test(arguments: [
    (0.0..<20.0, 1.0, 21, "7 s"), (0..<60, 5, 13, "35 s"), (0..<1, 0.05, 21, "0.35 s"),
    (600..<660, 5, 13, "10:35"), (0..<300, 15, 21, "1:45"), (3_600..<3_900, 15, 21, "1:01:45"),
  ])
  func `ticks are at round times`(range: Range<Double>, step: Double, count: Int, label: String) {
    let ticks = TimeTicks(range: range, width: 1_436, spacing: 64)
    #expect(ticks.step == step)
    #expect(ticks.major.count == count)
    #expect(ticks.label(ticks.major[7]) == label)
    for time in ticks.major { #expect(abs((time / step).rounded() - time / step) < 1e-9) }
  }

  @Test(arguments: [0.3, 1, 7.7, 61, 1_234, 100_000, 3_000_000])
  func `tick labels have room`(length: Double) {
    for start in [0, 3.21, 4_000.5] {
      let ticks = TimeTicks(range: start..<start + length, width: 1_436, spacing: 64)
      #expect(ticks.step / length * 1_436 >= 64 - 1e-9)
      #expect(!ticks.major.isEmpty || ticks.step > length)
      for time in ticks.major + ticks.minor {
        #expect(time >= start - 1e-6 && time <= start + length + 1e-6)
      }
    }
  }

  // MARK: Rows

  @Test(arguments: [
    (0.08, 1, 1.0, RowPlan.Detail.single), (20, 1, 20, .single), (75, 1, 75, .single),
    (76, 2, 40, .wrapped), (130, 3, 45, .wrapped), (600, 10, 60, .wrapped),
    (900, 15, 60, .wrapped), (901, 8, 120, .overview), (3_600, 12, 300, .overview),
    (3_601, 7, 600, .overview), (86_400, 12, 7_200, .overview), (86_401, 7, 14_400, .overview),
  ])
  func `a session is cut into rows`(
    length: Double, count: Int, rowLength: Double, detail: RowPlan.Detail
  ) {
    let plan = RowPlan(range: 5..<5 + length)
    #expect(plan.detail == detail)
    #expect(plan.rows.count == count)
    #expect(plan.rows.allSatisfy { abs($0.upperBound - $0.lowerBound - rowLength) < 1e-9 })
  }

  @Test(arguments: 1...40) func `rows cover everything once`(step: Int) {
    let length = Double(step * step) * 7.3
    let rows = RowPlan(range: 0..<length).rows
    #expect(rows.first?.lowerBound == 0)
    #expect((rows.last?.upperBound ?? 0) >= length - 1e-6)
    #expect((rows.last?.lowerBound ?? 0) < length)
    for (row, next) in zip(rows, rows.dropFirst()) {
      #expect(abs(row.upperBound - next.lowerBound) < 1e-6)
    }
  }

  // MARK: Labels

  @Test(arguments: UInt64(1)...50) func `labels never overlap and stay inside`(seed: UInt64) {
    var random = Noise(state: seed)
    var lanes = LabelLanes(count: 1 + Int(seed % 5), range: 100...900, gap: 8, leastWidth: 30)
    var anchor = 100.0
    var widths: [Double] = []
    for label in 0..<60 {
      widths.append(10 + 150 * Double(abs(random.next())))
      anchor = min(900, anchor + 25 * Double(abs(random.next())))
      lanes.place(label: label, anchor: anchor, width: widths[label])
    }
    #expect(lanes.placements.count + lanes.omitted == 60)
    for (index, label) in lanes.placements.enumerated() {
      #expect(label.x >= 100 && label.x + label.width <= 900 + 1e-9)
      #expect(label.width >= min(30, widths[label.label]) - 1e-9)
      #expect(label.isShortened || label.width == widths[label.label])
      for other in lanes.placements[..<index] where other.lane == label.lane {
        #expect(other.x + other.width + 8 <= label.x + 1e-9)
      }
    }
  }

  @Test func `a label begins at its anchor, and a second one in the next lane`() {
    var lanes = LabelLanes(count: 2, range: 0...500)
    lanes.place(label: 0, anchor: 10, width: 100)
    lanes.place(label: 1, anchor: 50, width: 100)
    lanes.place(label: 2, anchor: 130, width: 100)
    lanes.place(label: 3, anchor: 490, width: 100)
    #expect(lanes.placements.map(\.lane) == [0, 1, 0, 0])
    #expect(lanes.placements.map(\.x) == [10, 50, 130, 400])
    #expect(lanes.isComplete)
  }

  @Test func `where all lanes are taken a label is shortened, and then left out`() {
    var lanes = LabelLanes(count: 1, range: 0...500, gap: 8, leastWidth: 30)
    lanes.place(label: 0, anchor: 0, width: 100)
    lanes.place(label: 1, anchor: 60, width: 100)
    lanes.place(label: 2, anchor: 70, width: 100)
    #expect(lanes.placements.map(\.width) == [52, 100])
    #expect(lanes.placements.map(\.isShortened) == [true, false])
    #expect(lanes.omitted == 1)
  }

  @Test func `an utterance becomes lines of a few words`() {
    let words = ["The", " capital", " of", " France", " is", " Par", "is", "."]
    let tokens = words.enumerated().map {
      TextPieces.Token(x: Double(2 * $0.offset), text: $0.element)
    }
    let lanes = LabelLanes(count: 4, range: 0...1_000)
    let placed = TextPieces.place([tokens], in: lanes, size: 10, padding: 5, FixedWidth())
    #expect(placed.pieces.map(\.text) == ["The capital of France", "is Paris."])
    #expect(placed.pieces.map(\.x) == [0, 8])
    #expect(placed.lanes.placements.map(\.lane) == [0, 1])
    // With room each word stands at its own block.
    let wide = words[..<5].enumerated().map {
      TextPieces.Token(x: Double(80 * $0.offset), text: $0.element)
    }
    let single = TextPieces.place([wide], in: lanes, size: 10, padding: 5, FixedWidth())
    #expect(single.pieces.map(\.text) == ["The", "capital", "of", "France", "is"])
  }

  // MARK: Texts

  @Test func `text is shortened and broken to a width`() {
    let measure = FixedWidth()
    #expect(measure.shortened("twelve letters", to: 200, size: 10) == "twelve letters")
    #expect(measure.shortened("twelve letters", to: 48, size: 10) == "twelve…")
    #expect(measure.lines("one two three", width: 48, size: 10) == ["one two", "three"])
    #expect(measure.lines("abcdefghijkl", width: 30, size: 10) == ["abcde", "fghij", "kl"])
  }

  @Test(arguments: [
    (0.0, "0 ms"), (0.0123, "12.3 µs"), (0.1, "0.10 ms"), (1.234, "1.23 ms"), (12.34, "12.3 ms"),
    (412.4, "412 ms"),
    (9_994, "9994 ms"), (12_345, "12.3 s"), (200_000, "200 s"),
  ])
  func `milliseconds have three digits and a unit`(value: Double, text: String) {
    #expect(value.millisecondsText == text)
  }

  @Test(arguments: [
    (0.0, 1, "0.0 s"), (59.94, 1, "59.9 s"), (119.99, 1, "2:00.0"), (3_599.96, 1, "1:00:00.0"),
    (65, 0, "1:05"), (3_723.4, 1, "1:02:03.4"),
  ])
  func `times are read as on a clock`(time: Double, decimals: Int, text: String) {
    #expect(time.clockText(decimals: decimals) == text)
  }

  @Test func `a logarithmic axis has a tenth of the way for each tenth of a decade`() {
    let axis = LogAxis(least: 0.3, greatest: 700, left: 0, right: 400)
    #expect(axis.decades == -1...3)
    #expect(abs(axis.position(10) - 200) < 1e-9)
    #expect(axis.position(0) == 0 && axis.position(1e9) == 400)
    #expect(axis.major.map(axis.label) == ["100 µs", "1 ms", "10 ms", "100 ms", "1 s"])
  }
}
