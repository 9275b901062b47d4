public import Checkpoints

/// The shape of a text-speech language model of CosyVoice2's form, and the rules of its sequence.
public struct SpeechTokenConfiguration: Sendable, Equatable {
  /// How text and speech take turns in the sequence.
  public enum Mode: String, Sendable, Codable {
    /// CosyVoice2: the model says by a fill token, or is made to, that it wants more text.
    case fill
    /// SALMONN-omni: a chunk of text is always followed by a whole chunk of codes.
    case chunk
  }

  /// The shape of the transformer, with Qwen2's biases in CosyVoice2.
  public let transformer: LlamaConfiguration
  /// The number of codes of the speech quantiser: 6561 in CosyVoice2.
  public let codes: Int
  /// The number of text positions of a chunk.
  public let textChunk: Int
  /// The number of codes of a chunk, 25 a second.
  public let speechChunk: Int
  /// How text and speech take turns.
  public let mode: Mode
  /// The most codes for each text position; then the speech is ended.
  public let maximumTokensPerText: Int
  /// The fewest codes for each text position, where the whole text is there from the start.
  public let minimumTokensPerText: Int

  /// Checks a shape.
  ///
  /// - Throws: `CheckpointError` that names the value at fault.
  public init(
    transformer: LlamaConfiguration, codes: Int = 6561, textChunk: Int = 5, speechChunk: Int = 15,
    mode: Mode = .fill, maximumTokensPerText: Int? = nil, minimumTokensPerText: Int = 2
  ) throws(CheckpointError) {
    let maximum = maximumTokensPerText ?? (mode == .fill ? 20 : 15)
    try Self.check("codes", codes, in: 1...16_777_216)
    try Self.check("text_chunk", textChunk, in: 1...4_096)
    try Self.check("speech_chunk", speechChunk, in: 1...65_536)
    try Self.check("maximum_tokens_per_text", maximum, in: 1...65_536)
    try Self.check("minimum_tokens_per_text", minimumTokensPerText, in: 0...maximum)
    guard speechChunk <= maximum * textChunk else {
      throw CheckpointError(
        .mismatch, subject: "speech_chunk",
        reason: "is \(speechChunk) for \(textChunk) text positions, expected at most \(maximum) "
          + "for each")
    }
    self.transformer = transformer
    self.codes = codes
    self.textChunk = textChunk
    self.speechChunk = speechChunk
    self.mode = mode
    self.maximumTokensPerText = maximum
    self.minimumTokensPerText = minimumTokensPerText
  }

  /// The token that ends the speech.
  public var end: Int { codes }
  /// A token that has a place in the tables and is never produced.
  public var unused: Int { codes + 1 }
  /// The token that asks for more text.
  public var fill: Int { codes + 2 }
  /// The number of rows of the speech tables.
  public var vocabularySize: Int { codes + 3 }

  private static func check(
    _ key: String, _ value: Int, in range: ClosedRange<Int>
  ) throws(CheckpointError) {
    guard range.contains(value) else {
      throw CheckpointError(
        .mismatch, subject: key,
        reason: "is \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
  }
}
