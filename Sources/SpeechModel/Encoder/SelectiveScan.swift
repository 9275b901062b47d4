import Foundation

/// The recurrences of both Mamba variants over unsafe buffers.
///
/// Channels (Mamba) and heads (Mamba-2) do not mix, so any split of them over threads gives the
/// same bits; within one, the order of additions is fixed.
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

  /// Mamba: for each channel j and state n,
  /// S <- exp(step A) S + step B x;  y = (sum over n of S C + D x) silu(gate).
  ///
  /// `state` and `decay` (A, negative) are `[inner, stateSize]`, `skip` (D) is `[inner]`.
  static func mamba(
    channels: Range<Int>, frames: Int, stateSize: Int, state: UnsafeMutablePointer<Float>,
    decay: UnsafePointer<Float>, skip: UnsafePointer<Float>, x: Rows, step: Rows, b: Rows,
    c: Rows, gate: Rows, y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    for j in channels {
      let (s, a) = (state + j * stateSize, decay + j * stateSize)
      for t in 0..<frames {
        let (input, delta) = (x[t][j], step[t][j])
        let (inflow, bRow, cRow) = (delta * input, b[t], c[t])
        var sum = skip[j] * input
        for n in 0..<stateSize {
          let value = exp(delta * a[n]) * s[n] + inflow * bRow[n]
          s[n] = value
          sum += value * cRow[n]
        }
        y[t * yStride + j] = sum * EncoderArithmetic.silu(gate[t][j])
      }
    }
  }

  /// Mamba-2: one decay for the `headSize` channels of a head; as above for each channel p,
  /// S <- exp(step A) S + step x B;  y = (sum over n of S C + D x) silu(gate).
  ///
  /// `state` is the head's, `[headSize, stateSize]`; `decays` and `steps` have one value a frame;
  /// the other rows start at the head's first channel.
  static func mamba2(
    frames: Int, headSize: Int, stateSize: Int, state: UnsafeMutablePointer<Float>,
    decays: UnsafePointer<Float>, steps: UnsafePointer<Float>, skip: Float, x: Rows, b: Rows,
    c: Rows, gate: Rows, y: UnsafeMutablePointer<Float>, yStride: Int
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
        y[t * yStride + p] = sum * EncoderArithmetic.silu(gate[t][p])
      }
    }
  }

  @inline(__always)
  private static func load(_ values: UnsafePointer<Float>) -> SIMD8<Float> {
    UnsafeRawPointer(values).loadUnaligned(as: SIMD8<Float>.self)
  }
}
