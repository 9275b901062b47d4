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
    /// Phrasings of validation only.
    package var tried: [String]?
    package var answer: String

    /// Everything that is said.
    var sentences: [String] { ask + held + (tried ?? []) + [answer] }

    /// Whether a split has phrasings that no other has.
    func hasOwn(of split: Split) -> Bool {
      split == .test || (split == .valid && tried != nil)
    }

    package func asked(in split: Split) -> [String] {
      switch split {
      case .train: ask
      case .valid: tried ?? ask
      case .test: held
      }
    }
  }

  /// A question with a long answer, and what may be asked about the answer.
  package struct LongAnswer: Sendable, Codable {
    package var id: String
    package var ask: [String]
    package var held: [String]
    package var tried: [String]?
    package var answer: String
    package var follow: [Fixed]
  }

  package var prefixes: Prefixes
  package var surroundings: Surroundings
  package var commandWords: [String]
  package var hesitations: Hesitations
  package var smallTalk: [Fixed]
  /// Questions that nothing in the world answers.
  package var unknown: Fixed
  package var longAnswers: [LongAnswer]
  /// Phrases that end what the assistant says.
  package var interruptions: SplitRules.Voices
  /// Phrases that do not.
  package var backchannels: SplitRules.Voices
  /// A third speaker's questions that are not for the assistant.
  package var unrelated: SplitRules.Voices

  /// Sentences without braces that a split must not have, because another one is asked with them.
  func reserved(from split: Split) -> Set<String> {
    let fixed = smallTalk + [unknown] + longAnswers.flatMap(\.follow)
    let phrases = [interruptions, backchannels, unrelated]
    var found: Set<String> = []
    if split != .test {
      found.formUnion(fixed.flatMap(\.held) + longAnswers.flatMap(\.held) + phrases.flatMap(\.test))
    }
    if split == .train {
      found.formUnion(fixed.flatMap { $0.tried ?? [] } + longAnswers.flatMap { $0.tried ?? [] })
      found.formUnion(phrases.flatMap(\.valid))
    }
    return found
  }
}
