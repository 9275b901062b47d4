import Checkpoints
import Kernels

/// The snake activation, x + sin²(αx) / α with an α per channel.
///
/// Ziyin, Hartwig and Ueda, "Neural Networks Fail to Learn Periodic Functions" (2020).
struct Snake: Sendable {
  private let alpha: [Float]

  init(_ name: String, channels: Int, from weights: VocoderWeights) throws(CheckpointError) {
    alpha = try weights.vector("\(name).alpha", count: channels)
  }

  func apply(to x: inout Matrix) {
    Elementwise.snake(&x, alpha: alpha)
  }
}

/// Dilated convolutions around which the input is added: x += conv(snake(dilated(snake(x)))).
struct ResidualBlock: Sendable {
  private struct Unit: Sendable {
    let first: Snake
    let second: Snake
    var dilated: StreamingConvolution
    var plain: StreamingConvolution
    var waiting: RowQueue

    mutating func step(_ x: Matrix, ended: Bool) -> Matrix {
      waiting.append(x)
      var y = x
      first.apply(to: &y)
      y = dilated.step(y, ended: ended)
      second.apply(to: &y)
      y = plain.step(y, ended: ended)
      Elementwise.add(waiting.take(y.rows), to: &y)
      return y
    }

    mutating func reset() {
      dilated.reset()
      plain.reset()
      waiting.reset()
    }
  }

  private var units: [Unit]

  init(
    _ name: String, channels: Int, kernel: Int, dilations: [Int],
    configuration: VocoderConfiguration, from weights: VocoderWeights
  ) throws(CheckpointError) {
    units = []
    for (index, dilation) in dilations.enumerated() {
      units.append(
        Unit(
          first: try Snake("\(name).activations1.\(index)", channels: channels, from: weights),
          second: try Snake("\(name).activations2.\(index)", channels: channels, from: weights),
          dilated: try StreamingConvolution(
            "\(name).convs1.\(index)", inputs: channels, outputs: channels,
            geometry: configuration.geometry(kernel: kernel, dilation: dilation), from: weights),
          plain: try StreamingConvolution(
            "\(name).convs2.\(index)", inputs: channels, outputs: channels,
            geometry: configuration.geometry(kernel: kernel), from: weights),
          waiting: RowQueue(columns: channels)))
    }
  }

  mutating func step(_ x: Matrix, ended: Bool) -> Matrix {
    var x = x
    for index in units.indices { x = units[index].step(x, ended: ended) }
    return x
  }

  mutating func reset() {
    for index in units.indices { units[index].reset() }
  }
}
