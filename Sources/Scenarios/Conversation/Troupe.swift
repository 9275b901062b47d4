/// The utterances of a bank of users, ordered by who says them and what for, and the assistant's
/// answers to them.
package struct Troupe: Sendable {
  /// One user's utterances, by kind.
  package struct Member: Sendable {
    package var id: String
    package var lines: [UtteranceKind: [Int]] = [:]

    /// The utterances of a kind, as places in the bank.
    package subscript(kind: UtteranceKind) -> [Int] { lines[kind] ?? [] }
  }

  package let users: VoiceBank
  package let assistant: VoiceBank
  package let members: [Member]
  /// Every utterance of those who take part.
  package let spoken: [Int]
  /// Every utterance that can be answered, also what was not meant as a question by its kind.
  package let answerable: [Int]
  private let answers: [String: Int]
  private let followUps: [String: [Int]]

  /// Orders banks.
  ///
  /// Utterances whose answer the assistant's bank lacks are left out of conversations.
  ///
  /// - Parameters:
  ///   - users: What users and third speakers say.
  ///   - assistant: What the assistant answers.
  ///   - engine: The only engine whose speakers take part, or nil for all.
  /// - Throws: ``ScenarioError`` where there is no question with an answer.
  package init(
    users: VoiceBank, assistant: VoiceBank, engine: String? = nil
  ) throws(ScenarioError) {
    self.users = users
    self.assistant = assistant
    var answers: [String: Int] = [:]
    for (place, answer) in assistant.utterances.enumerated() { answers[answer.text] = place }
    var members: [Member] = []
    var places: [String: Int] = [:]
    var spoken: [Int] = []
    var answerable: [Int] = []
    var followUps: [String: [Int]] = [:]
    for (place, utterance) in users.utterances.enumerated() {
      if let engine, utterance.speaker.engine != engine { continue }
      spoken.append(place)
      if let exchange = utterance.exchange, answers[exchange.answer] == nil { continue }
      let id = utterance.speaker.id
      let member = places[id] ?? members.count
      if member == members.count {
        places[id] = member
        members.append(Member(id: id))
      }
      members[member].lines[utterance.kind, default: []].append(place)
      if utterance.exchange != nil, utterance.kind != .pausePart, utterance.kind != .related {
        answerable.append(place)
      }
      if utterance.kind == .related, let long = utterance.exchange?.follows {
        followUps[long, default: []].append(place)
      }
    }
    guard !answerable.isEmpty else {
      throw ScenarioError(
        .missing, "the assistant's bank", "holds no answer to the users'; make it from their banks")
    }
    self.members = members
    self.spoken = spoken
    self.answerable = answerable
    self.answers = answers
    self.followUps = followUps
  }

  /// An utterance of the users' bank.
  package subscript(place: Int) -> Utterance { users.utterances[place] }

  /// The assistant's utterance for what was asked.
  package func answer(to utterance: Utterance) -> Utterance? {
    utterance.exchange.flatMap { answers[$0.answer] }.map { assistant.utterances[$0] }
  }

  /// Questions about a long answer.
  package func followUps(to long: String) -> [Int] { followUps[long] ?? [] }
}
