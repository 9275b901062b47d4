/// Products of parts of row-major matrices, which attention needs for each of its heads.
enum FlowProduct {
  /// out = a bᵀ: `[rows, depth]` and `[columns, depth]` give `[rows, columns]`.
  ///
  /// `strides` are the distances between rows of `a`, `b` and `out`.
  static func transposed(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int, depth: Int, strides: (Int, Int, Int)
  ) {
    let whole = depth / 8 * 8
    for row in 0..<rows {
      let x = a + row * strides.0
      for column in 0..<columns {
        let y = b + column * strides.1
        var sums = SIMD8<Float>.zero
        for i in stride(from: 0, to: whole, by: 8) { sums += load(x + i) * load(y + i) }
        var sum = sums.sum()
        for i in whole..<depth { sum += x[i] * y[i] }
        out[row * strides.2 + column] = sum
      }
    }
  }

  /// out = a b, or out += a b: `[rows, depth]` and `[depth, columns]` give `[rows, columns]`.
  static func plain(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int, depth: Int, strides: (Int, Int, Int), adds: Bool
  ) {
    for row in 0..<rows {
      let result = out + row * strides.2
      if !adds { result.update(repeating: 0, count: columns) }
      for i in 0..<depth {
        let factor = a[row * strides.0 + i]
        let y = b + i * strides.1
        for column in 0..<columns { result[column] += factor * y[column] }
      }
    }
  }

  @inline(__always)
  private static func load(_ x: UnsafePointer<Float>) -> SIMD8<Float> {
    UnsafeRawPointer(x).loadUnaligned(as: SIMD8<Float>.self)
  }
}
