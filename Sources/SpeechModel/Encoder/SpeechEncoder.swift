public import Checkpoints
public import Kernels

/// Audio of one stream to encoder frames: 80 ms in, the frames of these 80 ms out, at 25 Hz.
///
/// Tensors: `front_end.conv1`, `front_end.conv2`, `front_end.project` (weights and biases),
/// `mamba.layers.i...`, `mamba.norm_f`. A copy shares the weights and goes on by itself.
/// Nothing is looked ahead at: the frames of a block depend on its samples and earlier ones.
public struct SpeechEncoder: Sendable {
  /// The sizes.
  public var configuration: SpeechEncoderConfiguration { network.configuration }
  let network: EncoderNetwork
  private var logMel: LogMel
  private var state: EncoderNetwork.State

  /// Takes the weights whose names begin with `prefix`.
  ///
  /// - Throws: `CheckpointError` that names the tensor or the setting at fault.
  public init(
    _ configuration: SpeechEncoderConfiguration, from source: any TensorSource,
    prefix: String = "encoder.", compute: Compute
  ) throws(CheckpointError) {
    network = try EncoderNetwork(configuration, from: source, prefix: prefix, compute: compute)
    logMel = LogMel(configuration.logMel)
    state = network.makeState(streams: 1)
  }

  /// Takes a block of samples in [-1, 1], or several, and gives `[framesPerBlock * n, width]`.
  ///
  /// - Important: Traps unless the samples are whole blocks.
  /// - Throws: ``SpeechModelError`` where infinity or NaN was met. It stays in the state, so every
  ///   later step throws too, until ``reset()`` or an earlier copy is gone back to.
  public mutating func step(_ samples: [Float]) throws(SpeechModelError) -> Matrix {
    precondition(samples.count.isMultiple(of: configuration.blockSamples), "no whole blocks")
    return try network.step(logMel.step(samples), &state)
  }

  /// Forgets the stream.
  public mutating func reset() {
    logMel.reset()
    state = network.makeState(streams: 1)
  }

  /// The size of the state of front end and stack in memory; constant in time.
  public var stateByteCount: Int { state.byteCount }
}

/// The weights of front end and stack, for some streams at once.
struct EncoderNetwork: Sendable {
  /// What is carried from block to block.
  struct State: Sendable {
    fileprivate var frontEnd: ConvolutionFrontEnd.State
    fileprivate var layers: [MixerState]

    var byteCount: Int { layers.reduce(frontEnd.byteCount) { $0 + $1.byteCount } }
  }

  let configuration: SpeechEncoderConfiguration
  private let prefix: String
  private let frontEnd: ConvolutionFrontEnd
  private let stack: MambaStack

  init(
    _ configuration: SpeechEncoderConfiguration, from source: any TensorSource, prefix: String,
    compute: Compute
  ) throws(CheckpointError) {
    self.configuration = configuration
    self.prefix = prefix
    frontEnd = try ConvolutionFrontEnd(
      configuration, from: source, prefix: prefix + "front_end.", compute: compute)
    stack = try MambaStack(
      configuration.mamba, from: source, prefix: prefix + "mamba.", compute: compute)
  }

  func makeState(streams: Int) -> State {
    State(
      frontEnd: frontEnd.makeState(streams: streams), layers: stack.makeStates(streams: streams))
  }

  /// Log-mel frames of all streams, one stream after the other, to encoder frames likewise.
  func step(_ mel: Matrix, _ state: inout State) throws(SpeechModelError) -> Matrix {
    let frames = stack.step(frontEnd.step(mel, &state.frontEnd), &state.layers)
    // Quantised products may hide a NaN, so each mixer also looks at its own outputs.
    if let layer = state.layers.firstIndex(where: { !$0.isFinite }) {
      throw Self.notFinite("\(prefix)mamba.layers.\(layer).mixer")
    }
    guard EncoderArithmetic.isFinite(frames) else { throw Self.notFinite(prefix + "mamba.norm_f") }
    return frames
  }

  private static func notFinite(_ part: String) -> SpeechModelError {
    SpeechModelError(
      .notFinite, part: part,
      reason: "the state holds infinity or NaN; check the samples and reset the encoder")
  }
}
