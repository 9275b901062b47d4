/// The stages, in flow order; the names are the ones in timings, errors and journals.
public enum StageID: String, CaseIterable, Codable, CodingKeyRepresentable, Hashable, Sendable {
  /// Sound from outside to numbered blocks.
  case capture
  /// Blocks of both streams to frames.
  case encoder
  /// Frames to one token and its hidden state.
  case language
  /// Tokens and hidden states to speech.
  case synthesizer
  /// Speech to sound outside, and back to the encoder.
  case playback
}
