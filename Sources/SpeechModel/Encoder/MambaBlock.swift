import Checkpoints
import Kernels

/// One block of the stack: norm, mixer, residual; then, where configured, norm, MLP, residual.
struct MambaBlock: Sendable {
  let mixer: any StateSpaceMixer
  private let norm: EncoderNorm
  private let feedForward: (norm: EncoderNorm, layer: GatedFeedForward)?

  init(
    _ configuration: MambaConfiguration, from source: any TensorSource, prefix: String,
    compute: Compute
  ) throws(CheckpointError) {
    func norm(_ name: String) throws(CheckpointError) -> EncoderNorm {
      try EncoderNorm(
        prefix + name, width: configuration.width, configuration.norm,
        epsilon: configuration.epsilon, from: source)
    }
    self.norm = try norm("norm")
    let name = prefix + "mixer."
    mixer =
      switch configuration.variant {
      case .mamba: try MambaMixer(configuration, from: source, prefix: name, compute: compute)
      case .mamba2: try Mamba2Mixer(configuration, from: source, prefix: name, compute: compute)
      }
    feedForward =
      configuration.feedForwardWidth == 0
      ? nil
      : (
        try norm("norm2"),
        try GatedFeedForward(
          width: configuration.width, hidden: configuration.feedForwardWidth, from: source,
          prefix: prefix + "mlp.", compute: compute)
      )
  }

  /// Adds the block's contribution; the residual stream stays in single precision.
  func step(_ hidden: inout Matrix, _ state: inout MixerState) {
    Elementwise.add(mixer.step(norm(hidden), &state), to: &hidden)
    if let feedForward {
      Elementwise.add(feedForward.layer(feedForward.norm(hidden)), to: &hidden)
    }
  }
}

/// fc2 (value silu(gate)), where fc1 gives the value half first and the gate half second.
private struct GatedFeedForward: Sendable {
  private let hidden: Int
  private let fc1: Linear
  private let fc2: Linear

  init(
    width: Int, hidden: Int, from source: any TensorSource, prefix: String, compute: Compute
  ) throws(CheckpointError) {
    self.hidden = hidden
    fc1 = try Linear(
      prefix + "fc1", inputs: width, outputs: 2 * hidden, usesBias: false, from: source,
      compute: compute)
    fc2 = try Linear(
      prefix + "fc2", inputs: hidden, outputs: width, usesBias: false, from: source,
      compute: compute)
  }

  func callAsFunction(_ x: Matrix) -> Matrix {
    let both = fc1(x)
    var gate = EncoderArithmetic.columns(hidden..<2 * hidden, of: both)
    Elementwise.gate(&gate, times: EncoderArithmetic.columns(0..<hidden, of: both))
    return fc2(gate)
  }
}
