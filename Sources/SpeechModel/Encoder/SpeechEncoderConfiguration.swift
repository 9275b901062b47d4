package import Checkpoints

/// Sizes of the speech encoder: front end and stack.
public struct SpeechEncoderConfiguration: Sendable, Equatable, Codable {
  /// The features at 100 Hz.
  public var logMel: LogMelConfiguration
  /// The channels of both convolutions.
  public var channels: Int
  /// The taps of both convolutions.
  public var kernel: Int
  /// The strides of the two convolutions.
  public var strides: [Int]
  /// The neighbouring frames that are joined after the convolutions.
  public var joined: Int
  /// The stack.
  public var mamba: MambaConfiguration
  /// The samples of one block: 80 ms at 16 kHz.
  public var blockSamples: Int

  /// Describes an encoder; the defaults give 100 Hz, 50 Hz and 25 Hz.
  public init(
    logMel: LogMelConfiguration = .causal, channels: Int = 192, kernel: Int = 3,
    strides: [Int] = [1, 2], joined: Int = 2, mamba: MambaConfiguration, blockSamples: Int = 1280
  ) {
    self.logMel = logMel
    self.channels = channels
    self.kernel = kernel
    self.strides = strides
    self.joined = joined
    self.mamba = mamba
    self.blockSamples = blockSamples
  }

  /// The encoder frames of one block: 2 with the default sizes.
  public var framesPerBlock: Int {
    blockSamples / (logMel.hop * strides.reduce(joined, *))
  }

  /// Checks that the sizes fit together and that a block gives a whole number of frames.
  package func validate(file: String? = nil) throws(CheckpointError) {
    func check(_ holds: Bool, _ key: String, _ reason: String) throws(CheckpointError) {
      if !holds { throw CheckpointError(.mismatch, file: file, subject: key, reason: reason) }
    }
    let fault = logMel.fault
    try check(fault == nil, "logMel", fault ?? "")
    try check(
      logMel.leadIn == logMel.windowLength - logMel.hop, "leadIn",
      "is \(logMel.leadIn); blocks need \(logMel.windowLength - logMel.hop), the causal placement")
    try check((1...1 << 16).contains(channels), "channels", "is \(channels)")
    try check((1...64).contains(kernel), "kernel", "is \(kernel), expected 1 to 64")
    try check(
      strides.count == 2 && strides.allSatisfy { (1...kernel).contains($0) }, "strides",
      "are \(strides), expected two of 1 to \(kernel)")
    try check((1...64).contains(joined), "joined", "is \(joined), expected 1 to 64")
    let span = logMel.hop * strides.reduce(joined, *)
    try check(
      (1...1 << 20).contains(blockSamples) && blockSamples.isMultiple(of: span), "blockSamples",
      "is \(blockSamples), expected a multiple of \(span)")
    try mamba.validate(file: file)
  }
}
