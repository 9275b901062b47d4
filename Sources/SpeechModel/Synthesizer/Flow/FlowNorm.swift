import Checkpoints
import Kernels

/// Layer normalisation over the channels, with the biased variance.
struct FlowNorm: Sendable {
  private let weight: [Float]
  private let bias: [Float]
  private let epsilon: Float

  /// Takes `name.weight` and `name.bias`.
  init(
    _ name: String, width: Int, epsilon: Float = 1e-5, from source: any TensorSource
  ) throws(CheckpointError) {
    weight = try source.vector("\(name).weight", count: width)
    bias = try source.vector("\(name).bias", count: width)
    self.epsilon = epsilon
  }

  /// Normalises every row.
  func callAsFunction(_ x: Matrix) -> Matrix {
    var result = x
    Elementwise.layerNorm(&result, weight: weight, bias: bias, epsilon: epsilon)
    return result
  }
}
