public import Checkpoints

/// The sizes of a HiFT vocoder: mel frames to samples by a harmonic source and an inverse STFT.
///
/// The defaults are CosyVoice2's: 80 mel bins at 50 Hz to 24 kHz.
public struct VocoderConfiguration: Sendable, Equatable, Codable {
  /// How far the convolutions look ahead.
  public enum Form: String, Sendable, Codable {
    /// As far ahead as back, as CosyVoice2's: upsampling by transposed convolutions.
    case symmetric
    /// Only the first convolutions look ahead, by a few frames, as CosyVoice3's: upsampling by
    /// repetition and a convolution.
    case causal
  }

  /// How the phase of the source goes on between frames.
  public enum Phase: String, Sendable, Codable {
    /// Linear between the middles of neighbouring frames: needs half a frame more of the future.
    case interpolated
    /// Constant within a frame (nearest neighbour).
    case held
    /// The frame's frequency, sample by sample: a continuous phase without looking ahead.
    case accumulated
  }

  /// How far the convolutions look ahead.
  public var form: Form
  /// Bins of a mel frame.
  public var melBins = 80
  /// Samples per second.
  public var sampleRate = 24000
  /// The factor of each upsampling stage.
  public var upsampleRates = [8, 5, 3]
  /// The kernel width of each upsampling convolution.
  public var upsampleKernels = [16, 11, 7]
  /// Channels before the first upsampling stage; every stage halves them.
  public var baseChannels = 512
  /// Kernel widths of the residual blocks that work side by side in every stage.
  public var residualKernels = [3, 7, 11]
  /// The dilations of each of those blocks.
  public var residualDilations = [[1, 3, 5], [1, 3, 5], [1, 3, 5]]
  /// The kernel width of the source's residual block in each stage.
  public var sourceKernels = [7, 7, 11]
  /// The dilations of the source's residual block in each stage.
  public var sourceDilations = [[1, 3, 5], [1, 3, 5], [1, 3, 5]]
  /// Window of the source's STFT and of the inverse STFT, in samples.
  public var fourierSize = 16
  /// Hop of both, in samples.
  public var fourierHop = 4
  /// Harmonics of the source above the fundamental.
  public var harmonics = 8
  /// Amplitude of the sines.
  public var sineAmplitude: Float = 0.1
  /// Standard deviation of the noise where there is voice; elsewhere a third of the sines'
  /// amplitude.
  public var noiseAmplitude: Float = 0.003
  /// Pitch in hertz above which a frame is voiced.
  public var voicedThreshold: Float = 10
  /// Channels of the pitch predictor.
  public var pitchChannels = 512
  /// Convolutions of the pitch predictor.
  public var pitchLayers = 5
  /// Kernel width of the pitch predictor's convolutions; in the causal form of its first one, and
  /// the others have 3.
  public var pitchKernel: Int
  /// Frames that the pitch predictor's first convolution looks ahead (causal form).
  public var pitchLookahead: Int
  /// Kernel width of the first convolution over the mel frames.
  public var preKernel: Int
  /// Frames that the first convolution looks ahead (causal form).
  public var preLookahead: Int
  /// Kernel width of the last convolution.
  public var postKernel = 7
  /// Slope of the leaky rectifiers below zero.
  public var slope: Float = 0.1
  /// Slope of the last one.
  public var lastSlope: Float = 0.01
  /// The largest magnitude of a bin before the inverse STFT.
  public var magnitudeLimit: Float = 100
  /// The largest absolute sample.
  public var audioLimit: Float = 0.99
  /// How the phase of the source goes on between frames.
  public var phase: Phase
  /// Frames that must have followed before samples are put out (symmetric form).
  ///
  /// At the receptive field or above, or nil: exactly the samples of the whole sequence. Below:
  /// samples depend on the missing future, and what later frames correct is faded over.
  /// CosyVoice2 waits for 8 frames, 160 ms.
  public var lookahead: Int?

  /// Makes the sizes of CosyVoice2 (symmetric), or the same with CosyVoice3's look-ahead (causal).
  public init(form: Form = .symmetric) {
    self.form = form
    switch form {
    case .symmetric:
      (pitchKernel, pitchLookahead, preKernel, preLookahead) = (3, 1, 7, 3)
      (phase, lookahead) = (.interpolated, 8)
    case .causal:
      (pitchKernel, pitchLookahead, preKernel, preLookahead) = (4, 3, 5, 4)
      (phase, lookahead) = (.held, nil)
    }
  }

  /// Samples per mel frame.
  public var hop: Int { upsampleRates.reduce(fourierHop, *) }

  /// Bins of a frame of the STFT.
  var bins: Int { fourierSize / 2 + 1 }

  /// Channels after an upsampling stage.
  func channels(afterStage stage: Int) -> Int { baseChannels >> (stage + 1) }
}

extension VocoderConfiguration {
  /// Checks that the sizes fit together.
  /// - Throws: `CheckpointError` that names the first field at fault.
  public func validate() throws(CheckpointError) {
    try validateSizes()
    try validateStages()
    try validateResidualBlocks()
    try validateSource()
  }

  private func check(
    _ holds: Bool, _ field: String, _ rule: String
  ) throws(CheckpointError) {
    guard holds else {
      throw CheckpointError(.mismatch, subject: "vocoder.\(field)", reason: rule)
    }
  }

  private func validateSizes() throws(CheckpointError) {
    let sizes = 1...65536
    try check(sizes.contains(melBins), "melBins", "must be from 1 to 65536")
    try check((1...384_000).contains(sampleRate), "sampleRate", "must be from 1 to 384000")
    try check(sizes.contains(baseChannels), "baseChannels", "must be from 1 to 65536")
    try check(sizes.contains(pitchChannels), "pitchChannels", "must be from 1 to 65536")
    try check((1...64).contains(pitchLayers), "pitchLayers", "must be from 1 to 64")
    try check(
      (4...4096).contains(fourierSize) && fourierSize % 2 == 0, "fourierSize",
      "must be even and from 4 to 4096")
    try check(
      fourierHop >= 1 && fourierHop <= fourierSize / 4 && fourierSize % fourierHop == 0,
      "fourierHop", "must divide fourierSize at least four times")
    try check(lookahead.map { $0 >= 1 } ?? true, "lookahead", "must be 1 or more")
    try check(
      form == .symmetric || lookahead == nil, "lookahead",
      "the causal form's is that of its convolutions")
  }

  private func validateStages() throws(CheckpointError) {
    let stages = upsampleRates.count
    try check((1...8).contains(stages), "upsampleRates", "must be 1 to 8 factors")
    try check(
      upsampleRates.allSatisfy { (2...64).contains($0) }, "upsampleRates", "must be from 2 to 64")
    try check(upsampleRates.reduce(fourierHop, *) <= 65536, "upsampleRates", "give too long a hop")
    try check(hop > fourierSize / 2, "fourierSize", "must be less than two frames")
    try check(
      baseChannels % (1 << stages) == 0, "baseChannels", "must halve evenly in every stage")
    try check(upsampleKernels.count == stages, "upsampleKernels", "must be one for each stage")
    for (kernel, rate) in zip(upsampleKernels, upsampleRates) {
      let fits = form == .causal || (kernel >= rate && (kernel - rate) % 2 == 0)
      try check(
        (1...1024).contains(kernel) && fits, "upsampleKernels",
        "must exceed the stage's rate by an even number")
    }
  }

  private func validateResidualBlocks() throws(CheckpointError) {
    try check((1...16).contains(residualKernels.count), "residualKernels", "must be 1 to 16")
    try check(
      residualDilations.count == residualKernels.count, "residualDilations",
      "must be one list for each residual kernel")
    try check(
      sourceKernels.count == upsampleRates.count, "sourceKernels", "must be one for each stage")
    try check(
      sourceDilations.count == upsampleRates.count, "sourceDilations",
      "must be one list for each stage")
    for kernel in residualKernels { try checkKernel(kernel, "residualKernels") }
    for kernel in sourceKernels { try checkKernel(kernel, "sourceKernels") }
    for dilations in residualDilations + sourceDilations {
      try check(
        (1...16).contains(dilations.count) && dilations.allSatisfy { (1...256).contains($0) },
        "residualDilations", "must be 1 to 16 numbers from 1 to 256")
    }
  }

  private func checkKernel(_ kernel: Int, _ field: String) throws(CheckpointError) {
    try check(
      (1...255).contains(kernel) && (form == .causal || kernel % 2 == 1), field,
      "must be from 1 to 255, and odd in the symmetric form")
  }

  private func validateSource() throws(CheckpointError) {
    try checkKernel(preKernel, "preKernel")
    try checkKernel(postKernel, "postKernel")
    try checkKernel(pitchKernel, "pitchKernel")
    try check((0..<preKernel).contains(preLookahead), "preLookahead", "must be below preKernel")
    try check(
      (0..<pitchKernel).contains(pitchLookahead), "pitchLookahead", "must be below pitchKernel")
    try check((0...1023).contains(harmonics), "harmonics", "must be from 0 to 1023")
    let levels = [sineAmplitude, noiseAmplitude, slope, lastSlope, magnitudeLimit, audioLimit]
    try check(
      levels.allSatisfy { $0.isFinite && $0 >= 0 } && voicedThreshold.isFinite, "sineAmplitude",
      "amplitudes, slopes and limits must be finite and not negative")
  }
}
