package import Checkpoints

/// Sizes and variants of a stack of selective state-space blocks.
public struct MambaConfiguration: Sendable, Equatable, Codable {
  /// Which recurrence the mixers have.
  public enum Variant: String, Sendable, Codable {
    /// A decay for every channel and state (Gu and Dao 2023).
    case mamba
    /// One decay per head of channels, one group (Dao and Gu 2024).
    case mamba2
  }

  /// The kind of normalisation before each half-layer and at the end.
  public enum Norm: String, Sendable, Codable {
    /// By the root mean square, with a gain.
    case rms
    /// By mean and standard deviation, with gain and bias.
    case layer
  }

  /// Which recurrence the mixers have.
  public var variant: Variant
  /// The width of the residual stream.
  public var width: Int
  /// The number of blocks.
  public var layers: Int
  /// The states per channel.
  public var stateSize: Int
  /// The taps of the depthwise convolution; the last one multiplies the newest frame.
  public var kernel: Int
  /// The width inside a mixer.
  public var innerWidth: Int
  /// Mamba: the rank of the time steps.
  public var timeStepRank: Int
  /// Mamba-2: the channels that share one decay.
  public var headSize: Int
  /// Mamba-2: bounds of the time steps.
  public var timeStepMinimum: Float
  /// Mamba-2: bounds of the time steps; nil is none.
  public var timeStepMaximum: Float?
  /// Whether the projections into and out of a mixer have biases.
  public var usesBias: Bool
  /// Whether the depthwise convolution has a bias.
  public var usesConvolutionBias: Bool
  /// The kind of normalisation.
  public var norm: Norm
  /// What is added to a variance.
  public var epsilon: Float
  /// The hidden width of a gated MLP after each mixer; 0 is none.
  public var feedForwardWidth: Int

  /// Describes a stack; everything but the sizes has the usual values.
  public init(
    variant: Variant = .mamba, width: Int, layers: Int, stateSize: Int = 16, kernel: Int = 4,
    innerWidth: Int? = nil, timeStepRank: Int? = nil, headSize: Int = 64,
    timeStepMinimum: Float = 0, timeStepMaximum: Float? = nil, usesBias: Bool = false,
    usesConvolutionBias: Bool = true, norm: Norm = .rms, epsilon: Float = 1e-5,
    feedForwardWidth: Int = 0
  ) {
    self.variant = variant
    self.width = width
    self.layers = layers
    self.stateSize = stateSize
    self.kernel = kernel
    self.innerWidth = innerWidth ?? width &* 2
    self.timeStepRank = timeStepRank ?? (width &+ 15) / 16
    self.headSize = headSize
    self.timeStepMinimum = timeStepMinimum
    self.timeStepMaximum = timeStepMaximum
    self.usesBias = usesBias
    self.usesConvolutionBias = usesConvolutionBias
    self.norm = norm
    self.epsilon = epsilon
    self.feedForwardWidth = feedForwardWidth
  }

  /// The number of Mamba-2 heads.
  package var heads: Int { innerWidth / headSize }

  /// The carried state of all blocks in bytes, per stream; constant in time.
  public var stateByteCount: Int {
    let mixed = variant == .mamba ? innerWidth : innerWidth + 2 * stateSize
    return 4 * layers * (innerWidth * stateSize + mixed * (kernel - 1))
  }

  /// Checks that the sizes fit together.
  package func validate(file: String? = nil) throws(CheckpointError) {
    func check(_ holds: Bool, _ key: String, _ reason: String) throws(CheckpointError) {
      if !holds { throw CheckpointError(.mismatch, file: file, subject: key, reason: reason) }
    }
    let sizes = [
      ("width", width), ("stateSize", stateSize), ("innerWidth", innerWidth),
      ("timeStepRank", timeStepRank), ("headSize", headSize),
    ]
    for (key, size) in sizes {
      try check((1...1 << 17).contains(size), key, "is \(size), expected 1 to \(1 << 17)")
    }
    try check((1...1024).contains(layers), "layers", "is \(layers), expected 1 to 1024")
    try check((1...64).contains(kernel), "kernel", "is \(kernel), expected 1 to 64")
    try check(
      (0...1 << 17).contains(feedForwardWidth), "feedForwardWidth", "is \(feedForwardWidth)")
    try check(
      variant == .mamba || innerWidth.isMultiple(of: headSize), "headSize",
      "is \(headSize), which does not divide the inner width \(innerWidth)")
    try check(epsilon >= 0 && epsilon.isFinite, "epsilon", "is \(epsilon)")
    try check(
      timeStepMinimum.isFinite && timeStepMinimum <= timeStepMaximum ?? .infinity,
      "timeStepMinimum", "is \(timeStepMinimum), above the maximum or not finite")
  }
}
