/// One conversation's line in a shard: who speaks when, and what the assistant does in which block.
package struct ConversationRecord: Sendable, Codable, Equatable {
  /// Who speaks in the environment.
  package enum Role: String, Sendable, Codable { case user, third }

  /// What is said in the environment.
  package struct UserSpeech: Sendable, Codable, Equatable {
    package var speaker: String
    package var engine: String
    package var voice: String
    package var role: Role
    package var kind: UtteranceKind
    package var text: String
    /// The first sample of the speech.
    package var start: Int
    /// The sample after the last.
    package var end: Int
    package var form: String?
    package var phrasing: String?
    package var combination: String?
    /// The right answer, where one is asked for.
    package var answer: String?
    /// Where a script alone was written: its first sample in the users' banks, one after the other.
    package var source: Int?
  }

  /// Why the assistant stopped.
  package enum Cause: String, Sendable, Codable {
    /// Its answer was over.
    case end
    /// It was interrupted.
    case yield
    /// It had not stopped when the conversation ended.
    case none
  }

  /// What the assistant says.
  package struct AssistantSpeech: Sendable, Codable, Equatable {
    /// The block whose token is the shift to speaking.
    package var shift: Int
    /// Where that comes late, the block in which it was due; until `shift` it stays due in each.
    package var due: Int?
    package var text: String
    package var audioStart: Int
    /// The sample after the last that sounds, after a yield's fade.
    package var audioEnd: Int
    /// Where the answer would have ended.
    package var fullEnd: Int
    /// The block whose token is the shift back to listening.
    package var back: Int
    /// Where that comes late: the block in which it was due.
    package var backDue: Int?
    package var cause: Cause
    /// The index of the user's speech that it answers, or -1.
    package var about: Int
    /// Where a script alone was written: its first sample in the assistant's bank.
    package var source: Int?
  }

  /// Something that a test asks about.
  package struct Event: Sendable, Codable, Equatable {
    package enum Kind: String, Sendable, Codable {
      case turn, pause, idle, distractor
      case bargeIn = "barge-in"
    }
    package enum Expected: String, Sendable, Codable { case start, stop, none }

    package var kind: Kind
    /// `question`, `digits`, `direct`, `related`, `backchannel`, `unrelated`, `silence`.
    package var type: String
    package var by: Role?
    package var expected: Expected
    package var start: Int
    package var end: Int
    /// The index of the user's speech, or -1.
    package var user: Int
    /// The index of the assistant's speech that it falls into or starts, or -1.
    package var assistant: Int
  }

  package var id: String
  package var seed: UInt64
  package var kind: String
  /// The first byte in the shard.
  package var offset: Int
  package var blocks: Int
  package var user: [UserSpeech]
  package var assistant: [AssistantSpeech]
  package var conditions: Conditions
  package var events: [Event]
}
