/// A sentence to be spoken.
package struct SpeechRequest: Sendable, Equatable {
  package var speaker: Speaker
  /// What is said, as the corpus writes it.
  package var text: String
  /// The punctuation that shapes the melody: a full stop, a question mark, or a comma before a
  /// hesitation.
  package var ending: String
  /// Distinguishes repeated sayings of one text, where an engine varies.
  package var seed: UInt64

  /// Asks for a sentence.
  package init(speaker: Speaker, text: String, ending: String = "", seed: UInt64 = 0) {
    self.speaker = speaker
    self.text = text
    self.ending = ending
    self.seed = seed
  }
}

/// Something that speaks sentences.
package protocol SpeechSynthesizing: Sendable {
  /// Speaks each request: 16 kHz mono, trimmed to the speech, at ``VoiceLevel/rms``.
  ///
  /// A request that gives no sound gives an empty array.
  func speak(_ requests: [SpeechRequest]) throws(ScenarioError) -> [[Float]]
}
