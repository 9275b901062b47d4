public import Checkpoints
public import Kernels

/// A stack of selective state-space blocks with a last norm: frames in, as many frames out.
///
/// Tensors are named as in public Mamba checkpoints: `layers.0.mixer.in_proj.weight`, ...,
/// `norm_f.weight`. Any split of the frames into steps gives the same result, and the carried
/// state does not grow with time.
public struct MambaEncoder: StreamingModule {
  /// The sizes.
  public var configuration: MambaConfiguration { stack.configuration }
  private let stack: MambaStack
  private var states: [MixerState]

  /// Takes the weights whose names begin with `prefix`.
  ///
  /// - Throws: `CheckpointError` that names the tensor or the setting at fault.
  public init(
    _ configuration: MambaConfiguration, from source: any TensorSource, prefix: String = "",
    compute: Compute
  ) throws(CheckpointError) {
    stack = try MambaStack(configuration, from: source, prefix: prefix, compute: compute)
    states = stack.makeStates(streams: 1)
  }

  /// Takes frames, `[n, width]`, and gives as many.
  public mutating func step(_ frames: Matrix) -> Matrix { stack.step(frames, &states) }

  /// Forgets the stream.
  public mutating func reset() { states = stack.makeStates(streams: 1) }

  /// The size of the carried state in memory.
  public var stateByteCount: Int { states.reduce(0) { $0 + $1.byteCount } }

  /// Whether the last step met neither infinity nor NaN; a state does not recover from NaN.
  public var isFinite: Bool { states.allSatisfy(\.isFinite) }
}

/// The weights of the stack, for some streams at once: rows lie one stream after the other.
struct MambaStack: Sendable {
  let configuration: MambaConfiguration
  private let layers: [MambaBlock]
  private let norm: EncoderNorm

  init(
    _ configuration: MambaConfiguration, from source: any TensorSource, prefix: String,
    compute: Compute
  ) throws(CheckpointError) {
    try configuration.validate()
    self.configuration = configuration
    var layers: [MambaBlock] = []
    for layer in 0..<configuration.layers {
      layers.append(
        try MambaBlock(
          configuration, from: source, prefix: "\(prefix)layers.\(layer).", compute: compute))
    }
    self.layers = layers
    norm = try EncoderNorm(
      prefix + "norm_f", width: configuration.width, configuration.norm,
      epsilon: configuration.epsilon, from: source)
  }

  /// One state per layer.
  func makeStates(streams: Int) -> [MixerState] {
    layers.map { $0.mixer.makeState(streams: streams) }
  }

  func step(_ frames: Matrix, _ states: inout [MixerState]) -> Matrix {
    var hidden = frames
    for (index, layer) in layers.enumerated() { layer.step(&hidden, &states[index]) }
    return norm(hidden)
  }
}
