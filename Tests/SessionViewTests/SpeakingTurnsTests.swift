import Dataflow
import SessionView
import Testing

struct SpeakingTurnsTests {
  private static let vocabulary = SpeakingTurns.Vocabulary(
    configuration: SyntheticSession.configuration)

  /// Blocks from letters: `.` think, `s` shift, `t` text.
  private static func records(_ letters: String, pending: [Int: Int] = [:]) -> [BlockRecord] {
    letters.enumerated().map { block, letter in
      let token =
        letter == "." ? SyntheticSession.think : letter == "s" ? SyntheticSession.shift : 50
      var record = BlockRecord(
        block: BlockIndex(block), token: token, text: letter == "t" ? " word" : nil)
      if let pending = pending[block] { record.queues["playout"] = pending }
      return record
    }
  }

  private static func turns(
    _ letters: String, pending: [Int: Int] = [:], silent: Bool = true
  ) -> [SpeakingTurns.Turn] {
    SpeakingTurns(records(letters, pending: pending), vocabulary) { _ in silent }.turns
  }

  @Test func `each shift changes the state`() {
    #expect(Self.turns("..stt...s..st").map(\.blocks) == [2..<8, 11..<13])
    #expect(Self.turns(".....") == [])
  }

  @Test func `without a known shift token nobody speaks`() {
    let unknown = SpeakingTurns.Vocabulary(configuration: .object([:]))
    #expect(SpeakingTurns(Self.records("..stt.s"), unknown) { _ in true }.turns == [])
  }

  @Test(arguments: [(0, false), (2, false), (3, true), (40, true)])
  func `a shift with more than two blocks pending is a yield`(pending: Int, isYield: Bool) {
    #expect(Self.turns("stttt......s", pending: [11: pending]).map(\.isYield) == [isYield])
  }

  @Test func `without a depth the text tells how much is pending`() {
    // Four tokens are six blocks of sound from block 4 on: ten blocks in all.
    #expect(Self.turns("stttt...s").map(\.isYield) == [false])
    #expect(Self.turns("stttt..s").map(\.isYield) == [true])
    // Sound that goes on was not cut.
    #expect(Self.turns("stttt..s", silent: false).map(\.isYield) == [false])
  }

  @Test func `close marks of one kind are joined`() {
    let marks = [
      EventMark(kind: .underrun, time: 1, amount: 100),
      EventMark(kind: .drop, time: 1.1, amount: 2),
      EventMark(kind: .underrun, time: 1.2, amount: 140),
      EventMark(kind: .underrun, time: 1.4, amount: 240), EventMark(kind: .underrun, time: 9),
    ]
    let joined = EventMark.joined(marks, within: 0.25)
    #expect(joined.map(\.time) == [1, 1.1, 9])
    #expect(joined[0].count == 3)
    #expect(joined[0].label(assistantRate: 24_000) == "3× underrun 20.0 ms")
    #expect(joined[1].label(assistantRate: 24_000) == "dropped 2 blocks")
  }
}
