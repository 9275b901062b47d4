import Kernels

/// What the flow module needs beside the kernels: a scaled softmax of parts of rows.
package enum FlowMath {
  private typealias Lanes = SIMD8<Float>

  /// Adds a vector to every row.
  static func add(_ vector: [Float], toRowsOf x: inout Matrix) {
    precondition(vector.count == x.columns)
    let (rows, columns) = (x.rows, x.columns)
    vector.withUnsafeBufferPointer { vector in
      x.values.withUnsafeMutableBufferPointer { x in
        for row in 0..<rows {
          for column in 0..<columns { x[row * columns + column] += vector[column] }
        }
      }
    }
  }

  /// exp(scale x) of a row, divided by their sum, in place; `scale` is positive.
  package static func softmax(_ x: UnsafeMutableBufferPointer<Float>, scale: Float) {
    var largest = Lanes(repeating: -.infinity)
    for start in stride(from: 0, to: x.count, by: 8) {
      let lanes = load(x, start, filling: -.infinity)
      largest = largest.replacing(with: lanes, where: lanes .> largest)
    }
    let top = Lanes(repeating: largest.max())
    var sums = Lanes.zero
    for start in stride(from: 0, to: x.count, by: 8) {
      var powers = exponential((load(x, start, filling: 0) - top) * scale)
      for i in min(8, x.count - start)..<8 { powers[i] = 0 }
      sums += powers
      store(powers, x, start)
    }
    let factor = Lanes(repeating: 1 / sums.sum())
    for start in stride(from: 0, to: x.count, by: 8) {
      store(load(x, start, filling: 0) * factor, x, start)
    }
  }

  /// exp(x): the nearest power of two times a polynomial, within 2 units in the last place.
  @inline(__always)
  private static func exponential(_ x: Lanes) -> Lanes {
    let low = x.replacing(with: -87, where: x .< -87)
    let x = low.replacing(with: 88, where: low .> 88)
    // Adding 1.5 * 2^23 rounds to a whole number, which then stands in the last bits.
    let shifted = x * 1.442_695_04 + 12_582_912
    let n = shifted - 12_582_912
    let r = x - n * 0.693_359_375 + n * 2.121_944_4e-4
    var p = 1.987_569_15e-4 * r + 1.398_199_95e-3
    p = p * r + 8.333_451_9e-3
    p = p * r + 4.166_579_6e-2
    p = p * r + 1.666_666_55e-1
    p = p * r + 0.5
    p = p * r * r + r + 1
    let bits = unsafeBitCast(shifted, to: SIMD8<UInt32>.self) &- 0x4B40_0000
    return p * unsafeBitCast((bits &+ 127) &<< 23, to: Lanes.self)
  }

  @inline(__always)
  private static func load(
    _ x: UnsafeMutableBufferPointer<Float>, _ start: Int, filling rest: Float
  ) -> Lanes {
    if start + 8 <= x.count {
      return UnsafeRawPointer(x.baseAddress.unsafelyUnwrapped + start)
        .loadUnaligned(as: Lanes.self)
    }
    var lanes = Lanes(repeating: rest)
    for i in 0..<x.count - start { lanes[i] = x[start + i] }
    return lanes
  }

  @inline(__always)
  private static func store(
    _ lanes: Lanes, _ x: UnsafeMutableBufferPointer<Float>, _ start: Int
  ) {
    if start + 8 <= x.count {
      UnsafeMutableRawPointer(x.baseAddress.unsafelyUnwrapped + start)
        .storeBytes(of: lanes, as: Lanes.self)
    } else {
      for i in 0..<x.count - start { x[start + i] = lanes[i] }
    }
  }
}
