import Checkpoints
import Kernels

/// Divides each row by its root mean square and multiplies by a gain: RMSNorm.
struct RootMeanSquareNorm: Sendable {
  let gain: [Float]
  let epsilon: Float

  /// Takes `name.weight`.
  init(
    _ name: String, width: Int, epsilon: Float, from source: any TensorSource
  ) throws(CheckpointError) {
    gain = try source.vector("\(name).weight", count: width)
    self.epsilon = epsilon
  }

  func callAsFunction(_ x: Matrix) -> Matrix {
    var result = x
    Elementwise.rmsNorm(&result, weight: gain, epsilon: epsilon)
    return result
  }
}
