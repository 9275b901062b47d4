import Dataflow
import Duplex
package import Scenarios

/// Counts and times over conversations, event by event.
///
/// - Turn-taking: the assistant is heard first from 0.16 s before to 1.5 s after the end of the
///   user's speech, and not before that during it.
/// - Text: the answer of a turn that was taken equals the script's; of a turn that was missed or
///   taken early it is wrong. Answers that the script cuts short are not judged.
/// - Pauses: the assistant changes to speaking in a hesitation or within 160 ms after it.
/// - Stops: the assistant yields from the start of a phrase to 1.0 s after its end. Where it is not
///   heard when the phrase starts, or less than 2 s of its answer are left when the phrase ends,
///   the event is counted as not judged.
/// - Self-talk: answers that begin where no user has spoken since the answer before began and within
///   the last 2 s, and yields in the answers of scripts in which nobody speaks meanwhile.
package struct ConversationScores: Sendable {
  /// 0.16 s, 1.5 s, 1.0 s, 2 s in samples of 16 kHz.
  private static let (before, after, stop, left) = (2_560, 24_000, 16_000, 32_000)

  /// The windows in seconds, by what they are for.
  package static let windows: [String: Double] = [
    "first sound, before the end of speech": Double(before) / 16_000,
    "first sound, after the end of speech": Double(after) / 16_000,
    "silence, after the end of a phrase": Double(stop) / 16_000,
    "left to say, for a stop to be judged": Double(left) / 16_000,
    "start at a pause, after it": 2 * Double(TurnTiming.block) / 16_000,
    "self-talk, after the last user": Double(left) / 16_000,
  ]

  /// How the answer to a turn came out, for whoever listens to its sound.
  package struct Answer: Sendable, Codable, Equatable {
    /// The conversation.
    package var conversation: String
    /// The answer's place in it.
    package var place: Int
    /// The right text.
    package var expected: String
    /// What the model wrote.
    package var text: String
    /// Its first sample in what was put out, and the sample after its last.
    package var start: Int
    package var end: Int
  }

  package private(set) var conversations = 0
  package private(set) var seconds = 0.0
  package private(set) var turns = Tally()
  /// Turns in which the assistant is heard before the user is over, of all turns.
  package private(set) var early = Tally()
  package private(set) var textsOfTaken = Tally()
  /// The texts of all turns by the synthesizer that spoke the question; "people" are people.
  package private(set) var textsOfEngine: [String: Tally] = [:]
  /// The texts of all turns.
  package var texts: Tally { textsOfEngine.values.reduce(Tally(), +) }
  package private(set) var pauses = Tally()
  package private(set) var stops: [String: Tally] = [:]
  package private(set) var notJudged = 0
  package private(set) var selfStarts = 0
  /// Milliseconds from the end of the user's speech to the first audible sample.
  package private(set) var firstSound: [Double] = []
  /// Milliseconds from the start of an interrupting phrase to silence.
  package private(set) var stopFromOnset: [Double] = []
  /// Milliseconds from its end.
  package private(set) var stopFromEnd: [Double] = []
  /// The answers that were judged by their text.
  package private(set) var answers: [Answer] = []

  /// Nothing yet.
  package init() {}

  /// Counts a conversation.
  package mutating func note(_ record: ConversationRecord, _ outcome: ConversationOutcome) {
    conversations += 1
    seconds += Double(outcome.putOut.count) / 16_000
    let sound = AudibleSound(putOut: outcome.putOut)
    for event in record.events {
      switch event.kind {
      case .turn: noteTurn(event, record, outcome, sound)
      case .pause:
        pauses.note(
          outcome.answers.contains { answer in
            (event.start...event.end + 2 * TurnTiming.block).contains(answer.decided)
          })
      case .bargeIn, .distractor: noteStop(event, record, outcome, sound)
      case .idle: break
      }
    }
    noteSelfTalk(record, outcome)
  }

  private mutating func noteTurn(
    _ event: ConversationRecord.Event, _ record: ConversationRecord, _ outcome: ConversationOutcome,
    _ sound: AudibleSound
  ) {
    let expected = record.assistant[event.assistant]
    let window = event.end - Self.before..<event.end + Self.after + 1
    // A question may fall into an answer, which is heard until it yields, ends, or for good.
    let speaks = outcome.answers.last { $0.decided <= event.start }
    let silence = speaks.map { $0.listens.map { $0 + TurnTiming.block } ?? .max } ?? event.start
    let from = max(event.start, silence)
    let isEarly =
      from < window.lowerBound && sound.first(in: from..<window.lowerBound) != nil
    // The answer is the one that was begun in time for its sound to be in the window.
    let answer = outcome.answers.firstIndex { answer in
      answer.decided > max(event.start, window.lowerBound - 4 * TurnTiming.block)
        && answer.decided < window.upperBound
    }
    var first: Int?
    if let answer {
      first = sound.first(
        in: max(outcome.answers[answer].decided, window.lowerBound)..<window.upperBound)
    }
    let isTaken = first != nil && !isEarly
    turns.note(isTaken)
    early.note(isEarly)
    if isTaken, let first { firstSound.append(Double(first - event.end) / 16) }
    guard expected.cause == .end else { return }
    let engine = record.user[event.user].engine
    let said = isTaken ? answer.map { outcome.answers[$0] } : nil
    let text = said?.text.split(separator: " ").joined(separator: " ")
    textsOfEngine[engine, default: Tally()].note(text == expected.text)
    guard let answer, let said, let text else { return }
    textsOfTaken.note(text == expected.text)
    let start = said.start.position * TurnTiming.block
    let end = min(outcome.putOut.count, said.listens ?? Int.max)
    answers.append(
      Answer(
        conversation: record.id, place: answer, expected: expected.text, text: text, start: start,
        end: max(start, end)))
  }

  private mutating func noteStop(
    _ event: ConversationRecord.Event, _ record: ConversationRecord, _ outcome: ConversationOutcome,
    _ sound: AudibleSound
  ) {
    let script = record.assistant[event.assistant]
    // The answer that is going on when the phrase starts, or that the script's silence is in.
    let place = outcome.answers.firstIndex { answer in
      let isNear = abs(answer.start.position - script.shift) <= 25
      let end = answer.listens.map { $0 + TurnTiming.block } ?? Int.max
      return isNear
        && (event.type == "silence" || answer.decided <= event.start && event.start < end)
    }
    guard let place else {
      notJudged += 1
      return
    }
    let answer = outcome.answers[place]
    let delay = (answer.start.position - script.shift) * TurnTiming.block
    let left = script.fullEnd + delay + AudibleSound.delay - event.end
    // It is silent 10 ms into the block after the one of the decision. With at most two blocks that
    // were made and not played it is the natural end, decided a little early.
    let yieldsAt = answer.yielded.flatMap { unplayed in
      unplayed > 2 * TurnTiming.block
        ? answer.listens.map { $0 + AudibleSound.fade } : nil
    }
    let isSilence = event.type == "silence"
    guard isSilence || left >= Self.left else {
      notJudged += 1
      return
    }
    let until = isSilence ? Int.max : event.end + Self.stop
    let stopped = yieldsAt.map { $0 >= event.start && $0 <= until } ?? false
    let name = "\(event.type) \(event.expected == .stop ? "stop" : "go on")"
    stops[name, default: Tally()].note(stopped)
    if stopped, event.expected == .stop, let yieldsAt {
      stopFromOnset.append(Double(yieldsAt - event.start) / 16)
      stopFromEnd.append(Double(yieldsAt - event.end) / 16)
    }
  }

  private mutating func noteSelfTalk(_ record: ConversationRecord, _ outcome: ConversationOutcome) {
    var before = 0
    for answer in outcome.answers {
      let isAnswer = record.user.contains { line in
        line.start < answer.decided && answer.decided - line.end < Self.left && line.end > before
      }
      selfStarts += isAnswer ? 0 : 1
      before = answer.decided
    }
  }
}

extension ConversationScores {
  private func tally(_ names: [String]) -> Tally {
    names.reduce(Tally()) { $0 + (stops[$1] ?? Tally()) }
  }

  /// Direct interruptions against backchannels.
  package var contextIndependent: F1 {
    F1(wanted: tally(["direct stop"]), unwanted: tally(["backchannel go on"]))
  }

  /// Related questions against others' unrelated ones and silence.
  package var contextDependent: F1 {
    F1(wanted: tally(["related stop"]), unwanted: tally(["unrelated go on", "silence go on"]))
  }

  /// All of them.
  package var overall: F1 {
    F1(
      wanted: tally(["direct stop", "related stop"]),
      unwanted: tally(["backchannel go on", "unrelated go on", "silence go on"]))
  }

  /// Adds what was counted elsewhere.
  package static func + (first: Self, second: Self) -> Self {
    var sum = first
    sum.conversations += second.conversations
    sum.seconds += second.seconds
    sum.turns = first.turns + second.turns
    sum.early = first.early + second.early
    sum.textsOfTaken = first.textsOfTaken + second.textsOfTaken
    sum.textsOfEngine.merge(second.textsOfEngine, uniquingKeysWith: +)
    sum.pauses = first.pauses + second.pauses
    sum.stops.merge(second.stops, uniquingKeysWith: +)
    sum.notJudged += second.notJudged
    sum.selfStarts += second.selfStarts
    sum.firstSound += second.firstSound
    sum.stopFromOnset += second.stopFromOnset
    sum.stopFromEnd += second.stopFromEnd
    sum.answers += second.answers
    return sum
  }
}
