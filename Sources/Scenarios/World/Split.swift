/// What a sample may be used for.
package enum Split: String, Sendable, Codable, CaseIterable {
  case train, valid, test

  /// How phrasings that no other split has are called; a training split has none.
  package var ownName: String { self == .test ? "held" : "tried" }
}

/// What is kept apart, as `splits.json` fixes it.
package struct SplitRules: Sendable, Codable {
  /// The synthesised voice of the assistant, which never is a user's.
  package struct Assistant: Sendable, Codable {
    package var engine: String
    package var voice: String
  }

  /// espeak-ng's accents, and its variants by split.
  package struct Espeak: Sendable, Codable {
    package var accents: [String]
    package var train: [String]
    package var valid: [String]
    package var test: [String]
  }

  /// An engine's voices by split.
  package struct Voices: Sendable, Codable {
    package var train: [String]
    package var valid: [String]
    package var test: [String]

    package subscript(split: Split) -> [String] {
      switch split {
      case .train: train
      case .valid: valid
      case .test: test
      }
    }
  }

  /// Who recorded digits, and which takes belong to which split (first and last).
  package struct Digits: Sendable, Codable {
    package var speakers: [String]
    package var trainTakes: [Int]
    package var validTakes: [Int]
    package var testTakes: [Int]

    package func takes(_ split: Split) -> ClosedRange<Int> {
      let ends =
        switch split {
        case .train: trainTakes
        case .valid: validTakes
        case .test: testTakes
        }
      return ends[0]...ends[1]
    }
  }

  package var salt: String
  /// Of a hundred combinations, how many are kept for validation.
  package var validShare: Int
  /// Of a hundred combinations, how many are kept for tests.
  package var testShare: Int
  package var assistant: Assistant
  package var testOnlyEngine: String
  package var espeak: Espeak
  package var flite: Voices
  package var pico: Voices
  package var rhvoice: Voices
  package var hibari: Voices
  package var kokoro: Voices
  package var festival: Voices
  package var digits: Digits

  /// The split that a combination's key belongs to.
  package func split(of key: String) -> Split {
    let place = Int(stableHash(salt + "|" + key) % 100)
    if place < testShare { return .test }
    return place < testShare + validShare ? .valid : .train
  }
}

extension SplitRules {
  /// The assistant's voice, as it always is.
  package var assistantSpeaker: Speaker {
    Speaker(engine: assistant.engine, voice: assistant.voice)
  }
}
