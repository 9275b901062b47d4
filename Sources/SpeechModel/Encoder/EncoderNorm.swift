import Checkpoints
import Kernels

/// RMS or layer normalisation of each row, in single precision.
struct EncoderNorm: Sendable {
  private let weight: [Float]
  /// Present in layer normalisation only.
  private let bias: [Float]?
  private let epsilon: Float

  /// Takes `name.weight` and, for layer normalisation, `name.bias`.
  init(
    _ name: String, width: Int, _ kind: MambaConfiguration.Norm, epsilon: Float,
    from source: any TensorSource
  ) throws(CheckpointError) {
    weight = try source.vector("\(name).weight", count: width)
    bias = kind == .layer ? try source.vector("\(name).bias", count: width) : nil
    self.epsilon = epsilon
  }

  func callAsFunction(_ x: Matrix) -> Matrix {
    var result = x
    if let bias {
      Elementwise.layerNorm(&result, weight: weight, bias: bias, epsilon: epsilon)
    } else {
      Elementwise.rmsNorm(&result, weight: weight, epsilon: epsilon)
    }
    return result
  }
}
