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
    precondition(x.columns == weight.count)
    var result = x
    let (rows, width) = (x.rows, x.columns)
    weight.withUnsafeBufferPointer { weight in
      bias.withUnsafeBufferPointer { bias in
        result.values.withUnsafeMutableBufferPointer { values in
          for row in 0..<rows {
            let x = UnsafeMutableBufferPointer(rebasing: values[row * width..<(row + 1) * width])
            let mean = Self.sum(x) { $0 } / Float(width)
            let variance = Self.sum(x) { ($0 - mean) * ($0 - mean) } / Float(width)
            let scale = 1 / (variance + epsilon).squareRoot()
            for i in 0..<width { x[i] = (x[i] - mean) * scale * weight[i] + bias[i] }
          }
        }
      }
    }
    return result
  }

  /// Adds eight sums side by side, so that the additions need not wait for each other.
  @inline(__always)
  private static func sum(
    _ x: UnsafeMutableBufferPointer<Float>, of body: (SIMD8<Float>) -> SIMD8<Float>
  ) -> Float {
    var sums = SIMD8<Float>.zero
    let whole = x.count / 8 * 8
    let bytes = UnsafeRawBufferPointer(x)
    for start in stride(from: 0, to: whole, by: 8) {
      sums += body(bytes.loadUnaligned(fromByteOffset: start * 4, as: SIMD8<Float>.self))
    }
    for i in whole..<x.count { sums[i - whole] += body(SIMD8(repeating: x[i]))[0] }
    return sums.sum()
  }
}
