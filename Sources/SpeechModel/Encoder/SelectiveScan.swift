/// The recurrence of Mamba-2 over unsafe buffers.
///
/// Heads do not mix, so any split of them over threads gives the same bits; within one, the order
/// of additions is fixed. That of Mamba is `Compute.selectiveScan`.
enum SelectiveScan {
  /// Rows of a matrix: where they start and how far apart they lie.
  struct Rows {
    let start: UnsafePointer<Float>
    let stride: Int

    init(_ start: UnsafePointer<Float>, stride: Int) {
      self.start = start
      self.stride = stride
    }

    @inline(__always)
    subscript(row: Int) -> UnsafePointer<Float> { start + row * stride }
  }

  /// Mamba-2: one decay for the `headSize` channels of a head; for each channel p,
  /// S <- exp(step A) S + step x B;  y = sum over n of S C + D x.
  ///
  /// `state` is the head's, `[headSize, stateSize]`; `decays` and `steps` have one value a frame;
  /// the other rows start at the head's first channel.
  static func mamba2(
    frames: Int, headSize: Int, stateSize: Int, state: UnsafeMutablePointer<Float>,
    decays: UnsafePointer<Float>, steps: UnsafePointer<Float>, skip: Float, x: Rows, b: Rows,
    c: Rows, y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    let whole = stateSize / 8 * 8
    for p in 0..<headSize {
      let s = state + p * stateSize
      for t in 0..<frames {
        let (input, kept, bRow, cRow) = (x[t][p], decays[t], b[t], c[t])
        let inflow = steps[t] * input
        var parts = SIMD8<Float>.zero
        for n in stride(from: 0, to: whole, by: 8) {
          let value = kept * load(s + n) + inflow * load(bRow + n)
          UnsafeMutableRawPointer(s + n).storeBytes(of: value, as: SIMD8<Float>.self)
          parts += value * load(cRow + n)
        }
        var sum = skip * input + parts.sum()
        for n in whole..<stateSize {
          s[n] = kept * s[n] + inflow * bRow[n]
          sum += s[n] * cRow[n]
        }
        y[t * yStride + p] = sum
      }
    }
  }

  @inline(__always)
  private static func load(_ values: UnsafePointer<Float>) -> SIMD8<Float> {
    UnsafeRawPointer(values).loadUnaligned(as: SIMD8<Float>.self)
  }
}
