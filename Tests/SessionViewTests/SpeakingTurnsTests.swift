import Dataflow
import SessionView
import Testing

struct SpeakingTurnsTests {
  private static let rates = StreamRates(environment: 16_000, assistant: 24_000)

  /// Blocks from letters: `.` listening, `s` speaking, a blank is missing.
  private static func turns(_ letters: String) -> [Range<Int>] {
    SpeakingTurns.turns(
      letters.enumerated().filter { $0.element != " " }.map { block, letter in
        var record = BlockRecord(block: BlockIndex(block), token: 0)
        record.state = letter == "s" ? .speaking : .listening
        return record
      })
  }

  @Test(arguments: [
    ("..sssss..ss", [2..<7, 9..<11]), ("s.s", [0..<1, 2..<3]), ("ss ss", [0..<2, 3..<5]),
    (".....", []), ("", []),
  ])
  func `a turn is blocks that follow each other and are spoken in`(
    letters: String, wanted: [Range<Int>]
  ) {
    #expect(Self.turns(letters) == wanted)
  }

  @Test func `close marks of one kind are joined`() {
    let marks = [
      EventMark(kind: .underrun, time: 1, amounts: [100]),
      EventMark(kind: .drop, time: 1.1, amounts: [2]),
      EventMark(kind: .underrun, time: 1.2, amounts: [140]),
      EventMark(kind: .underrun, time: 1.4, amounts: [240]),
      EventMark(kind: .underrun, time: 9, amounts: [1]),
    ]
    let joined = EventMark.joined(marks, within: 0.25)
    #expect(joined.map(\.time) == [1, 1.1, 9])
    #expect(joined[0].count == 3)
    #expect(joined[0].label(Self.rates) == "3× underrun 20.0 ms")
    #expect(joined[1].label(Self.rates) == "dropped 2 blocks")
  }

  @Test(arguments: [
    (EventMark.Kind.late, [480, 0], "late device: 20.0 ms silent"),
    (.late, [240, 240], "late device: 10.0 ms silent, 10.0 ms skipped"),
    (.mended, [1, 12, 0], "mended 1 not finite, 12 clipped"),
    (.mended, [0, 0, 1_280], "mended 80.0 ms missing"),
    (.yield, [24_000], "yield, 1000 ms unsaid"), (.yield, [0], "yield"),
    (.refresh, [512], "refresh, 512 positions"),
  ])
  func `a label says how much`(kind: EventMark.Kind, amounts: [Int], wanted: String) {
    #expect(EventMark(kind: kind, time: 0, amounts: amounts).label(Self.rates) == wanted)
  }
}
