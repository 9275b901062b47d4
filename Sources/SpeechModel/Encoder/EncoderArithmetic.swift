import Kernels

/// What the encoder needs of matrices and arrays beside the kernels.
enum EncoderArithmetic {
  /// Some columns as a matrix of their own.
  static func columns(_ range: Range<Int>, of x: Matrix) -> Matrix {
    var result = Matrix(rows: x.rows, columns: range.count)
    x.values.withUnsafeBufferPointer { source in
      result.values.withUnsafeMutableBufferPointer { target in
        for row in 0..<x.rows {
          for (to, from) in range.enumerated() {
            target[row * range.count + to] = source[row * x.columns + from]
          }
        }
      }
    }
    return result
  }

  /// Gives a closure the addresses of several arrays, none of them empty, two of them to write to.
  static func withPointers(
    _ arrays: [[Float]], writing first: inout [Float], _ second: inout [Float],
    _ body: (
      _ read: [UnsafePointer<Float>], UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>
    ) -> Void
  ) {
    first.withUnsafeMutableBufferPointer { first in
      second.withUnsafeMutableBufferPointer { second in
        guard let first = first.baseAddress, let second = second.baseAddress else {
          preconditionFailure("an empty array")
        }
        withPointers(arrays[...], found: []) { body($0, first, second) }
      }
    }
  }

  private static func withPointers(
    _ arrays: ArraySlice<[Float]>, found: [UnsafePointer<Float>],
    _ body: ([UnsafePointer<Float>]) -> Void
  ) {
    guard let array = arrays.first else { return body(found) }
    array.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { preconditionFailure("an empty array") }
      withPointers(arrays.dropFirst(), found: found + [start], body)
    }
  }

  /// Whether no value is infinite or NaN.
  static func isFinite(_ x: Matrix) -> Bool {
    x.values.withUnsafeBufferPointer { values in
      var found: UInt32 = 0
      for value in values { found |= value.bitPattern & 0x7F80_0000 == 0x7F80_0000 ? 1 : 0 }
      return found == 0
    }
  }
}
