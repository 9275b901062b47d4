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
    precondition(x.columns == gain.count)
    var result = x
    let width = gain.count
    result.values.withUnsafeMutableBufferPointer { y in
      gain.withUnsafeBufferPointer { gain in
        for row in 0..<x.rows {
          let first = row * width
          var squares: Float = 0
          for i in 0..<width { squares += y[first + i] * y[first + i] }
          let scale = 1 / (squares / Float(width) + epsilon).squareRoot()
          for i in 0..<width { y[first + i] = y[first + i] * scale * gain[i] }
        }
      }
    }
    return result
  }
}
