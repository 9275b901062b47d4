public import Checkpoints

/// The shape of a transformer of the Llama family: Llama 3, and Qwen2 with its biases.
public struct LlamaConfiguration: Sendable, Equatable {
  /// The width of the residual stream.
  public let hiddenSize: Int
  /// The width inside the feed-forward part.
  public let intermediateSize: Int
  /// The number of layers.
  public let layers: Int
  /// The number of query heads.
  public let heads: Int
  /// The number of key and value heads; each serves `heads / keyValueHeads` query heads.
  public let keyValueHeads: Int
  /// The width of a head, even; not always `hiddenSize / heads`.
  public let headSize: Int
  /// The number of tokens.
  public let vocabularySize: Int
  /// The number of positions that the model was made for.
  public let maximumPositions: Int
  /// Added to the mean square under the root of each norm.
  public let normEpsilon: Float
  /// How positions turn queries and keys.
  public let rotary: RotaryConfiguration
  /// Whether the output head is the embedding matrix.
  public let tiesEmbeddings: Bool
  /// Which linear layers have a bias.
  public let biases: Biases
  /// The tokens that end a text, in the order of the file.
  public let endTokens: [Int]

  /// Which linear layers have a bias.
  public struct Biases: Sendable, Equatable {
    /// On queries, keys and values: always so in Qwen2.
    public var queryKeyValue: Bool
    /// On the output of attention.
    public var attentionOutput: Bool
    /// On the three layers of the feed-forward part.
    public var feedForward: Bool

    /// Says which layers have a bias; Llama 3 has none.
    public init(
      queryKeyValue: Bool = false, attentionOutput: Bool = false, feedForward: Bool = false
    ) {
      self.queryKeyValue = queryKeyValue
      self.attentionOutput = attentionOutput
      self.feedForward = feedForward
    }
  }

  /// Checks a shape.
  ///
  /// `headSize` is `hiddenSize / heads` where it is nil.
  /// - Throws: `CheckpointError` that names the value at fault: out of range, or not in step with
  ///   another. The ranges are so wide that no known model leaves them, and so narrow that no
  ///   product of sizes overflows.
  public init(
    hiddenSize: Int, intermediateSize: Int, layers: Int, heads: Int, keyValueHeads: Int,
    headSize: Int? = nil, vocabularySize: Int, maximumPositions: Int, normEpsilon: Float,
    rotary: RotaryConfiguration, tiesEmbeddings: Bool, biases: Biases = Biases(),
    endTokens: [Int] = []
  ) throws(CheckpointError) {
    try Self.check("hidden_size", hiddenSize, in: 1...65_536)
    try Self.check("intermediate_size", intermediateSize, in: 1...1_048_576)
    try Self.check("num_hidden_layers", layers, in: 1...1_024)
    try Self.check("num_attention_heads", heads, in: 1...1_024)
    try Self.check("num_key_value_heads", keyValueHeads, in: 1...heads)
    try Self.check("vocab_size", vocabularySize, in: 1...16_777_216)
    try Self.check("max_position_embeddings", maximumPositions, in: 1...16_777_216)
    guard heads % keyValueHeads == 0 else {
      throw CheckpointError(
        .mismatch, subject: "num_key_value_heads",
        reason: "is \(keyValueHeads), expected a divisor of the \(heads) heads")
    }
    guard headSize != nil || hiddenSize % heads == 0 else {
      throw CheckpointError(
        .mismatch, subject: "hidden_size",
        reason: "is \(hiddenSize), expected a multiple of the \(heads) heads")
    }
    let headSize = headSize ?? hiddenSize / heads
    try Self.check("head_dim", headSize, in: 2...4_096)
    guard headSize % 2 == 0 else {
      throw CheckpointError(
        .mismatch, subject: "head_dim", reason: "is \(headSize), expected an even number")
    }
    guard normEpsilon > 0, normEpsilon < 1 else {
      throw CheckpointError(
        .mismatch, subject: "rms_norm_eps", reason: "is \(normEpsilon), expected within 0 and 1")
    }
    if let token = endTokens.first(where: { $0 < 0 || $0 >= vocabularySize }) {
      throw CheckpointError(
        .mismatch, subject: "eos_token_id",
        reason: "is \(token), expected one of the \(vocabularySize) tokens")
    }
    try rotary.check(headSize: headSize)
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.layers = layers
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headSize = headSize
    self.vocabularySize = vocabularySize
    self.maximumPositions = maximumPositions
    self.normEpsilon = normEpsilon
    self.rotary = rotary
    self.tiesEmbeddings = tiesEmbeddings
    self.biases = biases
    self.endTokens = endTokens
  }

  /// The number of keys, and of values, that one layer remembers of a position.
  public var keyValueWidth: Int { keyValueHeads * headSize }

  /// What the keys and values of one position take in memory, over all layers.
  public var cacheBytesPerPosition: Int {
    2 * layers * keyValueWidth * MemoryLayout<Float>.size
  }

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
