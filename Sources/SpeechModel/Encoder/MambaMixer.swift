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
  /// Channels that one thread takes at a time; does not change the result.
  private let channelsPerTask = 128

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
    EncoderArithmetic.softplus(&steps)
    let y = scan(input, steps, selected, gate: projected, &state)
    state.isFinite = EncoderArithmetic.isFinite(y)
    return outputProjection(y)
  }

  /// The recurrence of all streams, over threads by ranges of channels.
  private func scan(
    _ input: Matrix, _ steps: Matrix, _ selected: Matrix, gate: Matrix, _ state: inout MixerState
  ) -> Matrix {
    let (inner, stateSize, rank) = (inner, stateSize, rank)
    let streams = state.streams
    let frames = input.rows / streams
    let tasks = (inner + channelsPerTask - 1) / channelsPerTask
    var y = Matrix(rows: input.rows, columns: inner)
    EncoderArithmetic.withPointers(
      [input.values, steps.values, selected.values, gate.values, decay, skip],
      writing: &state.scan, &y.values
    ) { read, states, y in
      compute.parallel(streams * tasks) { task in
        let (stream, part) = task.quotientAndRemainder(dividingBy: tasks)
        let (row, first) = (stream * frames, part * channelsPerTask)
        let chosen = read[2] + row * (rank + 2 * stateSize) + rank
        SelectiveScan.mamba(
          channels: first..<min(first + channelsPerTask, inner), frames: frames,
          stateSize: stateSize, state: states + stream * inner * stateSize,
          decay: read[4], skip: read[5],
          x: .init(read[0] + row * inner, stride: inner),
          step: .init(read[1] + row * inner, stride: inner),
          b: .init(chosen, stride: rank + 2 * stateSize),
          c: .init(chosen + stateSize, stride: rank + 2 * stateSize),
          gate: .init(read[3] + row * 2 * inner + inner, stride: 2 * inner),
          y: y + row * inner, yStride: inner)
      }
    }
    return y
  }
}
