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
    precondition(x.columns == weight.count)
    var result = x
    result.values.withUnsafeMutableBufferPointer { values in
      for row in 0..<x.rows {
        let range = row * x.columns..<(row + 1) * x.columns
        normalise(UnsafeMutableBufferPointer(rebasing: values[range]))
      }
    }
    return result
  }

  private func normalise(_ row: UnsafeMutableBufferPointer<Float>) {
    var mean: Float = 0
    if bias != nil {
      mean = Self.sum(row) { $0 } / Float(row.count)
    }
    let variance = Self.sum(row) { ($0 - mean) * ($0 - mean) } / Float(row.count)
    let scale = 1 / (variance + epsilon).squareRoot()
    weight.withUnsafeBufferPointer { weight in
      for i in row.indices { row[i] = (row[i] - mean) * scale * weight[i] }
    }
    bias?.withUnsafeBufferPointer { bias in
      for i in row.indices { row[i] += bias[i] }
    }
  }

  /// A sum in eight interleaved parts: the order is fixed, and the parts are added in parallel.
  @inline(__always)
  private static func sum(
    _ row: UnsafeMutableBufferPointer<Float>, _ map: (Float) -> Float
  ) -> Float {
    var parts = SIMD8<Float>.zero
    var i = 0
    while i + 8 <= row.count {
      for lane in 0..<8 { parts[lane] += map(row[i + lane]) }
      i += 8
    }
    var rest: Float = 0
    while i < row.count {
      rest += map(row[i])
      i += 1
    }
    return parts.sum() + rest
  }
}
