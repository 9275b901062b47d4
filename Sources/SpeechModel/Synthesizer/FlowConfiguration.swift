public import Checkpoints

/// The sizes of the flow module; the defaults are those of CosyVoice2-0.5B.
public struct FlowConfiguration: Sendable, Equatable, Codable {
  /// The number of speech codes.
  public var codes = 6561
  /// The width of the conditioning encoder.
  public var width = 512
  /// The attention heads of the encoder, which share its width.
  public var heads = 8
  /// The inner width of the encoder's feed-forward parts.
  public var feedForward = 2048
  /// The encoder layers at the rate of the tokens (25 Hz).
  public var layers = 6
  /// The encoder layers at the rate of the frames (50 Hz).
  public var upsampledLayers = 4
  /// How many tokens to the right the encoder sees: 3 tokens are 120 ms of delay.
  public var lookahead = 3
  /// Mel frames per token.
  public var upsampling = 2
  /// Tokens per mask chunk: a position sees its whole chunk, so that it is made at once.
  public var chunk = 25
  /// The channels of the estimator.
  public var channels = 256
  /// The attention heads of the estimator.
  public var estimatorHeads = 8
  /// The width of an estimator's head.
  public var headWidth = 64
  /// The inner width of the estimator's feed-forward parts.
  public var estimatorFeedForward = 1024
  /// Transformer layers per block of the estimator.
  public var blockLayers = 4
  /// Blocks between the first and the last of the estimator.
  public var midBlocks = 12
  /// The width of the time embedding.
  public var timeWidth = 1024
  /// Mel bins per frame.
  public var melBins = 80
  /// The length of a speaker vector.
  public var speakerWidth = 192
  /// Euler steps of the sampler.
  public var steps = 10
  /// The weight of classifier-free guidance; 0 runs the estimator once per step instead of twice.
  public var guidance: Float = 0.7
  /// How many chunks before its own a position sees, beside the prompt; nil for all the past.
  ///
  /// With a bound, memory and time per chunk stay the same however long a sequence gets.
  public var leftContext: Int?
  /// The frames of fixed noise; longer sequences use them again from the start.
  public var noiseFrames = 15_000

  /// The sizes of CosyVoice2-0.5B, to be changed where needed.
  public init() {}

  /// Checks that the sizes are possible and fit together.
  ///
  /// - Throws: `CheckpointError` that names the first size that is not.
  public func validate() throws(CheckpointError) {
    let sizes = [
      ("codes", codes), ("width", width), ("heads", heads), ("feedForward", feedForward),
      ("upsampling", upsampling), ("chunk", chunk), ("channels", channels),
      ("estimatorHeads", estimatorHeads), ("headWidth", headWidth),
      ("estimatorFeedForward", estimatorFeedForward), ("timeWidth", timeWidth),
      ("melBins", melBins), ("speakerWidth", speakerWidth),
    ]
    for (name, value) in sizes {
      try Self.check(name, value, in: 1...Self.largest)
    }
    for (name, value) in [
      ("layers", layers), ("upsampledLayers", upsampledLayers), ("lookahead", lookahead),
      ("blockLayers", blockLayers), ("midBlocks", midBlocks), ("leftContext", leftContext ?? 0),
    ] {
      try Self.check(name, value, in: 0...Self.largest)
    }
    // No tensor's shape bounds these two, and memory is taken for each.
    try Self.check("steps", steps, in: 1...1000)
    try Self.check("noiseFrames", noiseFrames, in: 1...1 << 17)
    guard width % heads == 0, width % 2 == 0 else {
      throw Self.wrong("width", "\(width) is no even multiple of \(heads) heads")
    }
    guard guidance.isFinite, guidance >= 0 else {
      throw Self.wrong("guidance", "\(guidance) is no weight of at least 0")
    }
    guard melBins * noiseFrames >= FlowNoise.block else {
      throw Self.wrong("noiseFrames", "needs at least \(FlowNoise.block) values of noise")
    }
  }

  /// Sizes beyond this come from a broken file, not from a model.
  private static let largest = 1 << 24

  private static func check(
    _ name: String, _ value: Int, in range: ClosedRange<Int>
  ) throws(CheckpointError) {
    guard range.contains(value) else {
      throw wrong(name, "is \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
  }

  private static func wrong(_ name: String, _ reason: String) -> CheckpointError {
    CheckpointError(.mismatch, subject: "flow.\(name)", reason: reason)
  }

  /// Mel frames per mask chunk.
  public var chunkFrames: Int { chunk * upsampling }

  /// How many sequences the estimator runs side by side: one more with guidance.
  var estimatorRows: Int { guidance > 0 ? 2 : 1 }

  /// The channels that go into the estimator: point, encoding, speaker, prompt.
  var estimatorInputs: Int { 4 * melBins }

  /// The transformer layers of the estimator.
  var estimatorLayers: Int { (midBlocks + 2) * blockLayers }
}
