import Checkpoints
import Foundation
import Kernels

/// The Mamba-2 mixer (Dao and Gu 2024) with one group: one decay per head of channels.
struct Mamba2Mixer: StateSpaceMixer {
  private let inner: Int
  private let stateSize: Int
  private let heads: Int
  private let headSize: Int
  private let stepBounds: ClosedRange<Float>
  private let inputProjection: Linear
  private let convolution: CausalDepthwise
  private let stepBias: [Float]
  /// A = -exp(A_log), one per head.
  private let decay: [Float]
  private let skip: [Float]
  private let norm: EncoderNorm
  private let outputProjection: Linear
  private let compute: Compute

  init(
    _ configuration: MambaConfiguration, from source: any TensorSource, prefix: String,
    compute: Compute
  ) throws(CheckpointError) {
    (inner, stateSize) = (configuration.innerWidth, configuration.stateSize)
    (heads, headSize) = (configuration.heads, configuration.headSize)
    stepBounds =
      configuration.timeStepMinimum...(configuration.timeStepMaximum ?? .greatestFiniteMagnitude)
    let mixed = inner + 2 * stateSize
    inputProjection = try Linear(
      prefix + "in_proj", inputs: configuration.width, outputs: inner + mixed + heads,
      usesBias: configuration.usesBias, from: source, compute: compute)
    convolution = try CausalDepthwise(
      prefix + "conv1d", channels: mixed, kernel: configuration.kernel,
      usesBias: configuration.usesConvolutionBias, from: source)
    stepBias = try source.vector(prefix + "dt_bias", count: heads)
    decay = try source.vector(prefix + "A_log", count: heads).map { -exp($0) }
    skip = try source.vector(prefix + "D", count: heads)
    norm = try EncoderNorm(
      prefix + "norm", width: inner, .rms, epsilon: configuration.epsilon, from: source)
    outputProjection = try Linear(
      prefix + "out_proj", inputs: inner, outputs: configuration.width,
      usesBias: configuration.usesBias, from: source, compute: compute)
    self.compute = compute
  }

  func makeState(streams: Int) -> MixerState {
    MixerState(
      streams: streams, window: (convolution.kernel - 1) * convolution.channels,
      scan: inner * stateSize)
  }

  func step(_ x: Matrix, _ state: inout MixerState) -> Matrix {
    guard x.rows > 0 else { return x }
    // Columns: gate (inner), then x (inner), B, C (state each), then one time step per head.
    let projected = inputProjection(x)
    let mixed = convolution.step(projected, first: inner, streams: state.streams, &state.window)
    let (steps, decays) = timing(projected)
    var y = EncoderArithmetic.columns(0..<inner, of: projected)
    Elementwise.gate(&y, times: scan(mixed, steps, decays, &state))
    state.isFinite = EncoderArithmetic.isFinite(y)
    return outputProjection(norm(y))
  }

  /// Time steps and decays, `[heads, rows]`, so that a head's frames lie together.
  private func timing(_ projected: Matrix) -> (steps: [Float], decays: [Float]) {
    let first = projected.columns - heads
    let rows = projected.rows
    var steps = [Float](repeating: 0, count: heads * rows)
    for head in 0..<heads {
      for row in 0..<rows {
        steps[head * rows + row] = projected[row, first + head] + stepBias[head]
      }
    }
    Elementwise.apply(.softplus, to: &steps)
    for i in steps.indices {
      steps[i] = min(max(steps[i], stepBounds.lowerBound), stepBounds.upperBound)
    }
    var decays = steps
    for i in decays.indices { decays[i] *= decay[i / rows] }
    Elementwise.apply(.exp, to: &decays)
    return (steps, decays)
  }

  /// The recurrence of all streams, over threads by heads.
  private func scan(
    _ mixed: Matrix, _ steps: [Float], _ decays: [Float], _ state: inout MixerState
  ) -> Matrix {
    let (inner, stateSize, heads, headSize) = (inner, stateSize, heads, headSize)
    let (rows, streams) = (mixed.rows, state.streams)
    let frames = rows / streams
    var y = Matrix(rows: rows, columns: inner)
    EncoderArithmetic.withPointers(
      [mixed.values, steps, decays, skip], writing: &state.scan, &y.values
    ) { read, states, y in
      compute.parallel(streams * heads) { task in
        let (stream, head) = task.quotientAndRemainder(dividingBy: heads)
        let (row, channel) = (stream * frames, head * headSize)
        let values = read[0] + row * mixed.columns
        SelectiveScan.mamba2(
          frames: frames, headSize: headSize, stateSize: stateSize,
          state: states + (stream * inner + channel) * stateSize,
          decays: read[2] + head * rows + row, steps: read[1] + head * rows + row,
          skip: read[3][head],
          x: .init(values + channel, stride: mixed.columns),
          b: .init(values + inner, stride: mixed.columns),
          c: .init(values + inner + stateSize, stride: mixed.columns),
          y: y + row * inner + channel, yStride: inner)
      }
    }
    return y
  }
}
