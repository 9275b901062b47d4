import Checkpoints
import Kernels

/// silu of a causal convolution over time of each channel by itself.
struct CausalDepthwise: Sendable {
  let channels: Int
  let kernel: Int
  /// Tap after tap, `[kernel, channels]`; the last tap multiplies the newest frame.
  private let taps: [Float]
  private let bias: [Float]

  /// Takes `name.weight`, `[channels, 1, kernel]`, and `name.bias`.
  init(
    _ name: String, channels: Int, kernel: Int, usesBias: Bool, from source: any TensorSource
  ) throws(CheckpointError) {
    let weight = try source.values("\(name).weight", shape: [channels, 1, kernel])
    (self.channels, self.kernel) = (channels, kernel)
    taps = (0..<kernel).flatMap { k in (0..<channels).map { weight[$0 * kernel + k] } }
    bias =
      usesBias
      ? try source.vector("\(name).bias", count: channels)
      : [Float](repeating: 0, count: channels)
  }

  /// Convolves the columns from `first` on; `window` holds the last `kernel - 1` frames of each
  /// stream and goes on to the newest.
  func step(_ x: Matrix, first: Int, streams: Int, _ window: inout [Float]) -> Matrix {
    let frames = x.rows / streams
    let carried = (kernel - 1) * channels
    var result = Matrix(rows: x.rows, columns: channels)
    withUnsafeTemporaryAllocation(
      of: Float.self, capacity: carried + frames * channels
    ) { history in
      for stream in 0..<streams {
        for i in 0..<carried { history[i] = window[stream * carried + i] }
        x.values.withUnsafeBufferPointer { source in
          for frame in 0..<frames {
            let from = (stream * frames + frame) * x.columns + first
            let to = carried + frame * channels
            for channel in 0..<channels { history[to + channel] = source[from + channel] }
          }
        }
        result.values.withUnsafeMutableBufferPointer { output in
          let rows = stream * frames * channels..<(stream + 1) * frames * channels
          convolve(history, into: UnsafeMutableBufferPointer(rebasing: output[rows]), frames)
        }
        for i in 0..<carried { window[stream * carried + i] = history[frames * channels + i] }
      }
    }
    Elementwise.apply(.silu, to: &result)
    return result
  }

  private func convolve(
    _ history: UnsafeMutableBufferPointer<Float>, into output: UnsafeMutableBufferPointer<Float>,
    _ frames: Int
  ) {
    taps.withUnsafeBufferPointer { taps in
      bias.withUnsafeBufferPointer { bias in
        for frame in 0..<frames {
          let to = frame * channels
          for channel in 0..<channels { output[to + channel] = bias[channel] }
          for k in 0..<kernel {
            let (from, tap) = ((frame + k) * channels, k * channels)
            for channel in 0..<channels {
              output[to + channel] += taps[tap + channel] * history[from + channel]
            }
          }
        }
      }
    }
  }
}
