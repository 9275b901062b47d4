public import Kernels

/// A voice: a sentence said by it, as speech tokens and as mel frames, and a speaker vector.
///
/// The flow decoder puts the sentence before everything that it says and goes on in its manner.
/// Choose a length of a whole number of mask chunks and the look-ahead beyond: then the first
/// chunk needs only `chunk` tokens, and everything before it is computed at load.
public struct VoicePrompt: Sendable, Equatable {
  /// The speech tokens of the sentence, 25 per second; may be empty.
  public let tokens: [Int]
  /// The mel frames of the sentence, `[upsampling * tokens, bins]`.
  public let mel: Matrix
  /// The speaker vector, of any length: it is normalised.
  public let speaker: [Float]

  /// Puts a voice together.
  public init(tokens: [Int], mel: Matrix, speaker: [Float]) {
    self.tokens = tokens
    self.mel = mel
    self.speaker = speaker
  }
}
