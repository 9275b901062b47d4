import Foundation
import Kernels

/// Elementwise operations of the encoder.
enum EncoderArithmetic {
  /// x / (1 + exp(-x)).
  @inline(__always)
  static func silu(_ x: Float) -> Float { x / (1 + exp(-x)) }

  /// ln(1 + exp(x)); x itself above 20, where the two are equal in single precision.
  @inline(__always)
  static func softplus(_ x: Float) -> Float { x > 20 ? x : log1p(exp(x)) }

  static func softplus(_ x: inout Matrix) {
    x.values.withUnsafeMutableBufferPointer { values in
      for i in values.indices { values[i] = softplus(values[i]) }
    }
  }

  /// x times the normal distribution function of x.
  static func gelu(_ x: inout Matrix) {
    x.values.withUnsafeMutableBufferPointer { values in
      for i in values.indices {
        values[i] = 0.5 * values[i] * (1 + erf(values[i] * Float(0.5).squareRoot()))
      }
    }
  }

  static func relu(_ x: inout Matrix) {
    x.values.withUnsafeMutableBufferPointer { values in
      for i in values.indices { values[i] = max(values[i], 0) }
    }
  }

  /// Adds a matrix of the same shape.
  static func add(_ x: Matrix, to sum: inout Matrix) {
    precondition(x.rows == sum.rows && x.columns == sum.columns)
    x.values.withUnsafeBufferPointer { x in
      sum.values.withUnsafeMutableBufferPointer { sum in
        for i in sum.indices { sum[i] += x[i] }
      }
    }
  }

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
