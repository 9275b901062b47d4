import Checkpoints
import Kernels

/// Causal convolution of three frames, norm, Mish.
struct FlowConvolutionBlock: Sendable {
  private let convolution: FlowConvolution
  private let norm: FlowNorm

  init(
    _ name: String, inputs: Int, outputs: Int, from source: any TensorSource, compute: Compute
  ) throws(CheckpointError) {
    convolution = try FlowConvolution(
      "\(name).block.0", inputs: inputs, outputs: outputs, taps: 3, from: source,
      compute: compute)
    norm = try FlowNorm("\(name).block.2", width: outputs, from: source)
  }

  func leftContext(sequences: Int) -> Matrix { convolution.leftContext(sequences: sequences) }

  func callAsFunction(_ x: Matrix, context: inout Matrix, sequences: Int) -> Matrix {
    var result = norm(convolution(x, context: &context, sequences: sequences))
    Elementwise.apply(.mish, to: &result)
    return result
  }
}

/// Two convolution blocks, with the time added between, around a linear map of each frame.
struct FlowResidualBlock: Sendable {
  /// The 2 frames before each of the two convolutions.
  struct State: Sendable {
    var first: Matrix
    var second: Matrix
  }

  private let first: FlowConvolutionBlock
  private let second: FlowConvolutionBlock
  private let residual: Linear
  /// What each Euler step adds to every frame: the time is the same for all.
  private let times: [[Float]]

  /// `times` are the time embeddings of the Euler steps, Mish applied.
  init(
    _ name: String, inputs: Int, _ sizes: FlowConfiguration, times: Matrix,
    from source: any TensorSource, compute: Compute
  ) throws(CheckpointError) {
    first = try FlowConvolutionBlock(
      "\(name).block1", inputs: inputs, outputs: sizes.channels, from: source, compute: compute)
    second = try FlowConvolutionBlock(
      "\(name).block2", inputs: sizes.channels, outputs: sizes.channels, from: source,
      compute: compute)
    residual = try Linear(
      "\(name).res_conv", inputs: inputs, outputs: sizes.channels, from: source,
      compute: compute)
    let map = try Linear(
      "\(name).mlp.1", inputs: sizes.timeWidth, outputs: sizes.channels, from: source,
      compute: compute)
    let mapped = map(times)
    self.times = (0..<times.rows).map { Array(mapped.row($0)) }
  }

  func initialState(sequences: Int) -> State {
    State(
      first: first.leftContext(sequences: sequences),
      second: second.leftContext(sequences: sequences))
  }

  func callAsFunction(_ x: Matrix, step: Int, state: inout State, sequences: Int) -> Matrix {
    var hidden = first(x, context: &state.first, sequences: sequences)
    FlowMath.add(times[step], toRowsOf: &hidden)
    hidden = second(hidden, context: &state.second, sequences: sequences)
    Elementwise.add(residual(x), to: &hidden)
    return hidden
  }
}
