/// What a corpus is for.
package enum CorpusKind: String, Sendable, Codable, CaseIterable {
  /// One utterance and its words.
  case asr
  /// One question and its answer.
  case qa
  /// Whole conversations with everything that happens in them.
  case duplex
}
