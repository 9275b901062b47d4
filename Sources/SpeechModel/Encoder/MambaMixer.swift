import Checkpoints
import Foundation
import Kernels

/// The Mamba mixer (Gu and Dao 2023): a selective state space with a decay per channel and state.
struct MambaMixer: StateSpaceMixer {
  private let inner: Int
  private let stateSize: Int
  private let rank: Int
  private let inputProjection: Linear
  private let convolution: CausalDepthwise
  private let selection: Linear
  private let timeStep: Linear
  /// A = -exp(A_log), `[inner, stateSize]`.
  private let decay: [Float]
  private let skip: [Float]
  private let outputProjection: Linear
  private let compute: Compute

  init(
    _ configuration: MambaConfiguration, from source: any TensorSource, prefix: String,
    compute: Compute
  ) throws(CheckpointError) {
    (inner, stateSize) = (configuration.innerWidth, configuration.stateSize)
    rank = configuration.timeStepRank
    let width = configuration.width
    inputProjection = try Linear(
      prefix + "in_proj", inputs: width, outputs: 2 * inner, usesBias: configuration.usesBias,
      from: source, compute: compute)
    convolution = try CausalDepthwise(
      prefix + "conv1d", channels: inner, kernel: configuration.kernel,
      usesBias: configuration.usesConvolutionBias, from: source)
    selection = try Linear(
      prefix + "x_proj", inputs: inner, outputs: rank + 2 * stateSize, usesBias: false,
      from: source, compute: compute)
    timeStep = try Linear(
      prefix + "dt_proj", inputs: rank, outputs: inner, usesBias: true, from: source,
      compute: compute)
    decay = try source.values(prefix + "A_log", shape: [inner, stateSize]).map { -exp($0) }
    skip = try source.vector(prefix + "D", count: inner)
    outputProjection = try Linear(
      prefix + "out_proj", inputs: inner, outputs: width, usesBias: configuration.usesBias,
      from: source, compute: compute)
    self.compute = compute
  }

  func makeState(streams: Int) -> MixerState {
    MixerState(
      streams: streams, window: (convolution.kernel - 1) * inner, scan: inner * stateSize)
  }

  func step(_ x: Matrix, _ state: inout MixerState) -> Matrix {
    guard x.rows > 0 else { return x }
    // Columns 0..<inner are the input of the recurrence, the rest is the gate.
    let projected = inputProjection(x)
    let input = convolution.step(projected, first: 0, streams: state.streams, &state.window)
    let selected = selection(input)
    var steps = timeStep(EncoderArithmetic.columns(0..<rank, of: selected))
    Elementwise.apply(.softplus, to: &steps)
    let states = rank..<rank + stateSize
    let scanned = compute.selectiveScan(
      input, delta: steps, a: decay, b: EncoderArithmetic.columns(states, of: selected),
      c: EncoderArithmetic.columns(states.upperBound..<selected.columns, of: selected), d: skip,
      streams: state.streams, state: &state.scan)
    var y = EncoderArithmetic.columns(inner..<2 * inner, of: projected)
    Elementwise.gate(&y, times: scanned)
    state.isFinite = EncoderArithmetic.isFinite(y)
    return outputProjection(y)
  }
}
