/// What an utterance is said for.
package enum UtteranceKind: String, Sendable, Codable, CaseIterable {
  case question
  case digits
  case statement
  /// The words before a hesitation; the words after it follow as a question.
  case pausePart = "pause-part"
  case direct = "barge-in-direct"
  case related = "barge-in-related"
  case backchannel
  case unrelated
  /// What the assistant says.
  case answer
}

/// A cached utterance: who says what, and where its samples are.
package struct Utterance: Sendable, Codable, Equatable {
  package var speaker: Speaker
  package var kind: UtteranceKind
  /// What is said.
  package var text: String
  package var exchange: Exchange?
  /// For the part after a hesitation: the index of the part before it.
  package var after: Int?
  /// The first sample in the bank's file.
  package var offset: Int = 0
  /// How many samples.
  package var count: Int = 0

  /// Describes an utterance.
  package init(
    speaker: Speaker, kind: UtteranceKind, text: String, exchange: Exchange? = nil,
    after: Int? = nil
  ) {
    self.speaker = speaker
    self.kind = kind
    self.text = text
    self.exchange = exchange
    self.after = after
  }
}
