/// What is said beside the forms: small talk, long answers, interruptions, backchannels.
package struct Talk: Sendable, Codable {
  /// What may stand before a question or command.
  package struct Prefixes: Sendable, Codable {
    package var firstWords: [String]
    package var question: [String]
    package var command: [String]
    package var any: [String]
  }

  /// Words around small talk and other fixed phrases that change nothing.
  package struct Surroundings: Sendable, Codable {
    package var before: [String]
    package var after: [String]
  }

  /// Where a speaker may hesitate.
  package struct Hesitations: Sendable, Codable {
    /// Words after which a sentence cannot be over.
    package var after: [String]
    package var fillers: [String]
  }

  /// Fixed questions with one answer.
  package struct Fixed: Sendable, Codable {
    package var id: String?
    package var ask: [String]
    /// Phrasings of tests only.
    package var held: [String]
    package var answer: String

    package func asked(in split: Split) -> [String] { split == .test ? held : ask }
  }

  /// A question with a long answer, and what may be asked about the answer.
  package struct LongAnswer: Sendable, Codable {
    package var id: String
    package var ask: [String]
    package var held: [String]
    package var answer: String
    package var follow: [Fixed]

    package func asked(in split: Split) -> [String] { split == .test ? held : ask }
  }

  /// Questions that nothing in the world answers.
  package struct Unknown: Sendable, Codable {
    package var answer: String
    package var ask: [String]
    package var held: [String]

    package func asked(in split: Split) -> [String] { split == .test ? held : ask }
  }

  package var prefixes: Prefixes
  package var surroundings: Surroundings
  package var commandWords: [String]
  package var hesitations: Hesitations
  package var smallTalk: [Fixed]
  package var unknown: Unknown
  package var longAnswers: [LongAnswer]
  /// Phrases that end what the assistant says.
  package var interruptions: SplitRules.Voices
  /// Phrases that do not.
  package var backchannels: SplitRules.Voices
  /// A third speaker's questions that are not for the assistant.
  package var unrelated: SplitRules.Voices

  /// Every sentence that occurs in tests only and has no braces.
  var heldSentences: Set<String> {
    var held = Set(smallTalk.flatMap(\.held) + unknown.held)
    for answer in longAnswers {
      held.formUnion(answer.held)
      held.formUnion(answer.follow.flatMap(\.held))
    }
    for phrases in [interruptions, backchannels, unrelated] { held.formUnion(phrases.test) }
    return held
  }
}
