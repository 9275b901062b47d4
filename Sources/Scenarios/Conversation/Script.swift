/// A conversation as it is laid out in time, before it sounds.
package struct Script: Sendable {
  /// An utterance in the environment.
  package struct Line: Sendable {
    package var utterance: Utterance
    package var role: ConversationRecord.Role
    package var start: Int

    package var end: Int { start + utterance.count }
  }

  /// An answer of the assistant.
  package struct Answer: Sendable {
    package var utterance: Utterance
    package var speech: ConversationRecord.AssistantSpeech
  }

  package let timing: TurnTiming
  package private(set) var lines: [Line] = []
  package private(set) var answers: [Answer] = []
  package private(set) var events: [ConversationRecord.Event] = []
  /// Where the next thing happens.
  package private(set) var now = 0

  /// An empty conversation.
  package init(timing: TurnTiming) { self.timing = timing }

  /// How many blocks it takes, to the last thing that happens.
  package var blocks: Int {
    let last = max(now, lines.map(\.end).max() ?? 0)
    return max((last + TurnTiming.block - 1) / TurnTiming.block, listening)
  }

  /// The first block after the last answer's shift back.
  private var listening: Int { (answers.last?.speech.back ?? -1) + 1 }

  /// Lets time pass.
  package mutating func wait(_ seconds: Double) { now += Int(seconds * 16_000) }

  /// Says something now, and goes on when it is over.
  @discardableResult
  package mutating func say(_ utterance: Utterance, role: ConversationRecord.Role = .user) -> Int {
    lines.append(Line(utterance: utterance, role: role, start: now))
    now += utterance.count
    return lines.count - 1
  }

  /// Notes what a test asks about.
  package mutating func note(_ event: ConversationRecord.Event) { events.append(event) }

  /// Answers what was said, and goes on when the answer is over.
  ///
  /// - Parameters:
  ///   - line: What is answered.
  ///   - utterance: The answer.
  ///   - lateness: How many blocks late the two shifts come.
  /// - Returns: The place of the answer.
  @discardableResult
  package mutating func answer(
    _ line: Int, with utterance: Utterance, lateness: (start: Int, end: Int) = (0, 0)
  ) -> Int {
    let due = max(
      listening, timing.shift(after: lines[line].utterance, end: lines[line].end))
    let shift = due + lateness.start
    let start = (shift + timing.audioDelay) * TurnTiming.block
    let end = start + utterance.count
    let back = timing.back(fullEnd: end)
    answers.append(
      Answer(
        utterance: utterance,
        speech: ConversationRecord.AssistantSpeech(
          shift: shift, due: lateness.start > 0 ? due : nil, text: utterance.text,
          audioStart: start, audioEnd: end, fullEnd: end, back: back + lateness.end,
          backDue: lateness.end > 0 ? back : nil, cause: .end, about: line)))
    // Who speaks next need not wait for the shift back.
    now = end + TurnTiming.block
    return answers.count - 1
  }

  /// Says something into an answer, that leaves it as it is.
  @discardableResult
  package mutating func overlay(
    _ utterance: Utterance, role: ConversationRecord.Role, at start: Int
  ) -> Int {
    lines.append(Line(utterance: utterance, role: role, start: start))
    return lines.count - 1
  }

  /// Ends the last answer where a line has been understood, or so many blocks late, and goes on after
  /// that block.
  package mutating func yieldLast(to line: Int, lateness: Int = 0) {
    guard let index = answers.indices.last else { return }
    let due = timing.yield(end: lines[line].end)
    let block = due + lateness
    answers[index].speech.back = block
    answers[index].speech.backDue = lateness > 0 ? due : nil
    answers[index].speech.audioEnd = min(
      answers[index].speech.fullEnd, block * TurnTiming.block + timing.fade)
    answers[index].speech.cause = .yield
    now = (block + 1) * TurnTiming.block
  }
}
