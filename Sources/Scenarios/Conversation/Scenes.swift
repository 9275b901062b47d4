package import Dataflow

/// What happens in a conversation of the full-duplex corpus.
package enum Scene: String, Sendable, Codable, CaseIterable {
  case turns, pause, digits
  case directUser = "direct-user"
  case directThird = "direct-third"
  case relatedUser = "related-user"
  case relatedThird = "related-third"
  case backchannel, unrelated, silence, idle

  /// How often it is drawn.
  package var share: Double {
    switch self {
    case .turns: 4
    case .pause: 4
    case .digits: 1
    case .directUser, .directThird: 2
    case .relatedUser, .relatedThird: 2
    case .backchannel, .unrelated: 4
    case .silence: 2
    case .idle: 1
    }
  }
}

/// Lays out scenes for one user, with third speakers, from a troupe.
package struct SceneBuilder {
  private let troupe: Troupe
  private let user: Troupe.Member
  private let misses: Double
  private var random: SplitMix64
  package private(set) var script: Script

  /// Starts a conversation of a user, in which a share of the changes of state come late.
  package init(
    troupe: Troupe, user: Troupe.Member, timing: TurnTiming, misses: Double, random: SplitMix64
  ) {
    self.troupe = troupe
    self.user = user
    self.misses = misses
    self.random = random
    script = Script(timing: timing)
  }

  /// How long an answer has to go on after an interruption: 2.2 s, more than what tests ask for.
  private static let left = 35_200

  /// How many blocks late a change comes, 640 ms at most: mostly none.
  private mutating func lateness() -> Int {
    misses > 0 && random.chance(misses) ? random.integer(1...8) : 0
  }

  /// Answers a line: the place of the answer.
  private mutating func answer(_ line: Int, with utterance: Utterance) -> Int {
    script.answer(line, with: utterance, lateness: (lateness(), lateness()))
  }

  /// Lets a while pass.
  package mutating func wait(_ least: Double, _ most: Double) {
    script.wait(random.uniform(least, most))
  }

  /// Adds a scene; false where the user has not what it needs.
  package mutating func add(_ scene: Scene) -> Bool {
    switch scene {
    case .turns: return ask(anyOf: user[.question] + user[.statement] + user[.digits])
    case .digits: return ask(anyOf: user[.digits])
    case .pause: return hesitate()
    case .directUser: return interrupt(user[.direct], type: "direct", by: .user)
    case .directThird: return interrupt(third()[.direct], type: "direct", by: .third)
    case .relatedUser: return askBack(by: .user)
    case .relatedThird: return askBack(by: .third)
    case .backchannel: return distract(type: "backchannel")
    case .unrelated: return distract(type: "unrelated")
    case .silence: return distract(type: "silence")
    case .idle:
      let start = script.now
      wait(3, 8)
      note(.idle, "silence", nil, .none, start..<script.now, -1, -1)
      return true
    }
  }

  private mutating func third() -> Troupe.Member {
    for _ in 0..<20 {
      if let member = random.pick(troupe.members), member.id != user.id,
        !member[.direct].isEmpty
      {
        return member
      }
    }
    return user
  }

  private mutating func note(
    _ kind: ConversationRecord.Event.Kind, _ type: String, _ by: ConversationRecord.Role?,
    _ expected: ConversationRecord.Event.Expected, _ range: Range<Int>, _ line: Int, _ answer: Int
  ) {
    script.note(
      ConversationRecord.Event(
        kind: kind, type: type, by: by, expected: expected, start: range.lowerBound,
        end: range.upperBound, user: line, assistant: answer))
  }

  /// Asks and has the answer.
  private mutating func ask(anyOf places: [Int]) -> Bool {
    guard let place = random.pick(places) else { return false }
    return ask(troupe[place])
  }

  @discardableResult
  package mutating func ask(_ utterance: Utterance) -> Bool {
    guard let answer = troupe.answer(to: utterance) else { return false }
    let line = script.say(utterance)
    let index = self.answer(line, with: answer)
    let type = utterance.kind == .digits ? "digits" : "question"
    note(.turn, type, .user, .start, script.lines[line].start..<script.lines[line].end, line, index)
    return true
  }

  /// Asks with a hesitation of 0.4 to 1 s.
  private mutating func hesitate() -> Bool {
    let seconds = user[.pausePart].filter { troupe[$0].after != nil }
    guard let place = random.pick(seconds), let first = troupe[place].after,
      let answer = troupe.answer(to: troupe[place])
    else { return false }
    let part = script.say(troupe[first])
    let silence = script.now
    wait(0.4, 1)
    note(.pause, "hesitation", .user, .none, silence..<script.now, part, -1)
    let line = script.say(troupe[place])
    let index = self.answer(line, with: answer)
    note(
      .turn, "question", .user, .start, script.lines[part].start..<script.lines[line].end, line,
      index)
    return true
  }

  /// Asks a question with a long answer: the places of the question and its answer.
  private mutating func askLong(minimum: Int) -> (question: Utterance, answer: Int)? {
    let places = user[.question].filter { place in
      guard troupe[place].exchange?.long != nil else { return false }
      return (troupe.answer(to: troupe[place])?.count ?? 0) >= minimum
    }
    guard let place = random.pick(places), ask(troupe[place]) else { return nil }
    return (troupe[place], script.answers.count - 1)
  }

  /// Where a phrase can start within an answer, with enough left after it.
  private mutating func start(of phrase: Utterance, in answer: Int, left: Int) -> Int? {
    let speech = script.answers[answer].speech
    let first = speech.audioStart + 9_600
    let last = speech.fullEnd - phrase.count - left
    return first < last ? random.integer(first...last) : nil
  }

  /// Stops a long answer by a direct phrase; often asks something else after a while.
  private mutating func interrupt(
    _ phrases: [Int], type: String, by role: ConversationRecord.Role
  ) -> Bool {
    guard let place = random.pick(phrases), let (_, answer) = askLong(minimum: 80_000),
      let start = start(of: troupe[place], in: answer, left: Self.left)
    else { return false }
    // Now and then the user says 'uh-huh' first, which does not stop it.
    if random.chance(0.25), let early = random.pick(user[.backchannel]) {
      let position = script.answers[answer].speech.audioStart + 4_800
      if position + troupe[early].count + 16_000 < start {
        overlay(troupe[early], type: "backchannel", by: .user, at: position, in: answer)
      }
    }
    let line = script.overlay(troupe[place], role: role, at: start)
    script.yieldLast(to: line, lateness: lateness())
    note(.bargeIn, type, role, .stop, start..<script.lines[line].end, line, answer)
    wait(0.6, 2)
    return true
  }

  /// Asks about a long answer while it is given; that is answered instead.
  private mutating func askBack(by role: ConversationRecord.Role) -> Bool {
    guard let (question, answer) = askLong(minimum: 80_000),
      let long = question.exchange?.long
    else { return false }
    let places = troupe.followUps(to: long).filter { place in
      (troupe[place].speaker.id == user.id) == (role == .user)
    }
    guard let place = random.pick(places),
      let start = start(of: troupe[place], in: answer, left: Self.left),
      let reply = troupe.answer(to: troupe[place])
    else { return false }
    let line = script.overlay(troupe[place], role: role, at: start)
    script.yieldLast(to: line, lateness: lateness())
    note(.bargeIn, "related", role, .stop, start..<script.lines[line].end, line, answer)
    let index = self.answer(line, with: reply)
    note(.turn, "related", role, .start, start..<script.lines[line].end, line, index)
    return true
  }

  /// Gives a long answer, into which something is said that is not for it, or nothing.
  private mutating func distract(type: String) -> Bool {
    guard let (question, answer) = askLong(minimum: 64_000) else { return false }
    let speech = script.answers[answer].speech
    guard type != "silence" else {
      note(
        .distractor, type, nil, .none, speech.audioStart..<speech.fullEnd, -1, answer)
      return true
    }
    var position = 0
    for _ in 0..<random.integer(1...3) {
      guard let utterance = distractor(type, long: question.exchange?.long ?? "") else { break }
      // Most leave the assistant enough to say that stopping would be noticed.
      let left = random.chance(0.85) ? Self.left : 1_600
      guard let start = start(of: utterance, in: answer, left: left), start > position else {
        continue
      }
      let role: ConversationRecord.Role = type == "backchannel" ? .user : .third
      overlay(utterance, type: type, by: role, at: start, in: answer)
      position = start + utterance.count + 16_000
    }
    return true
  }

  private mutating func overlay(
    _ utterance: Utterance, type: String, by role: ConversationRecord.Role, at start: Int,
    in answer: Int
  ) {
    let line = script.overlay(utterance, role: role, at: start)
    note(.distractor, type, role, .none, start..<start + utterance.count, line, answer)
  }

  private mutating func distractor(_ type: String, long: String) -> Utterance? {
    guard type == "unrelated" else { return random.pick(user[.backchannel]).map { troupe[$0] } }
    let member = third()
    var places = member[.unrelated]
    // A question of the world about something else is not for the assistant either.
    let topics = long.hasPrefix("count") ? ["capitals", "opposites"] : ["capitals", "arithmetic"]
    if random.chance(0.4) {
      let others = member[.question].filter { place in
        troupe[place].exchange.map { topics.contains($0.topic) } ?? false
      }
      if !others.isEmpty { places = others }
    }
    return random.pick(places).map { troupe[$0] }
  }
}
