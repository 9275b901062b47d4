/// Products of parts of row-major matrices, which attention needs for each of its heads.
///
/// The order of additions depends on the depth alone, whatever the rows and columns around.
enum FlowProduct {
  private typealias Lanes = SIMD8<Float>

  /// out = a bᵀ: `[rows, depth]` and `[columns, depth]` give `[rows, columns]`.
  ///
  /// `strides` are the distances between rows of `a`, `b` and `out`.
  static func transposed(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int, depth: Int, strides: (Int, Int, Int)
  ) {
    let pairs = rows / 2 * 2
    for column in 0..<columns {
      let y = b + column * strides.1
      let result = out + column
      // Two rows at a time share what is loaded of b.
      for row in stride(from: 0, to: pairs, by: 2) {
        let (first, second) = dots(a + row * strides.0, a + (row + 1) * strides.0, y, depth)
        result[row * strides.2] = first
        result[(row + 1) * strides.2] = second
      }
      if pairs < rows {
        let x = a + pairs * strides.0
        result[pairs * strides.2] = dots(x, x, y, depth).0
      }
    }
  }

  /// out = a b, or out += a b: `[rows, depth]` and `[depth, columns]` give `[rows, columns]`.
  static func plain(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int, depth: Int, strides: (Int, Int, Int), adds: Bool
  ) {
    for row in 0..<rows {
      let factors = a + row * strides.0
      let result = out + row * strides.2
      if !adds { result.update(repeating: 0, count: columns) }
      var column = 0
      // As many columns as the registers hold go through the whole depth.
      while column + 32 <= columns {
        mix(factors, b + column, result + column, depth, strides.1)
        column += 32
      }
      for i in 0..<depth {
        for rest in column..<columns { result[rest] += factors[i] * b[i * strides.1 + rest] }
      }
    }
  }

  @inline(__always)
  private static func dots(
    _ x0: UnsafePointer<Float>, _ x1: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ depth: Int
  ) -> (Float, Float) {
    let whole = depth / 8 * 8
    var (sums0, sums1) = (Lanes.zero, Lanes.zero)
    for i in stride(from: 0, to: whole, by: 8) {
      let lanes = load(y + i)
      sums0 += load(x0 + i) * lanes
      sums1 += load(x1 + i) * lanes
    }
    var (sum0, sum1) = (sums0.sum(), sums1.sum())
    for i in whole..<depth {
      sum0 += x0[i] * y[i]
      sum1 += x1[i] * y[i]
    }
    return (sum0, sum1)
  }

  @inline(__always)
  private static func mix(
    _ factors: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
    _ depth: Int, _ stride: Int
  ) {
    var (s0, s1, s2, s3) = (load(out), load(out + 8), load(out + 16), load(out + 24))
    for i in 0..<depth {
      let factor = factors[i]
      let y = b + i * stride
      s0 += factor * load(y)
      s1 += factor * load(y + 8)
      s2 += factor * load(y + 16)
      s3 += factor * load(y + 24)
    }
    store(s0, out)
    store(s1, out + 8)
    store(s2, out + 16)
    store(s3, out + 24)
  }

  @inline(__always)
  private static func load(_ x: UnsafePointer<Float>) -> Lanes {
    UnsafeRawPointer(x).loadUnaligned(as: Lanes.self)
  }

  @inline(__always)
  private static func store(_ lanes: Lanes, _ x: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(x).storeBytes(of: lanes, as: Lanes.self)
  }
}
