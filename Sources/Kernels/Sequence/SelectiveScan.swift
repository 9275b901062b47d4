import CKernels

extension Compute {
  /// The selective scan of a Mamba mixer (Gu and Dao, 2023) over some time steps.
  ///
  /// For each step and channel j: S[n] = exp(delta a[n]) S[n] + delta b[n] x, then
  /// y = sum over n of c[n] S[n], plus d x.
  ///
  /// Several streams may go side by side: their rows stand one stream after the other, and so do
  /// their states.
  ///
  /// - Parameters:
  ///   - x: the channels after the convolution, `[steps, channels]`.
  ///   - delta: the step sizes, after softplus, `[steps, channels]`.
  ///   - a: -exp of the stored logarithms, `[channels, states]`.
  ///   - b: what enters the states, `[steps, states]`.
  ///   - c: what leaves them, `[steps, states]`.
  ///   - d: the direct path, `[channels]`.
  ///   - streams: the number of streams, which divides the steps.
  ///   - state: S, `[streams, channels, states]`, carried from step to step.
  /// - Returns: y, `[steps, channels]`.
  package func selectiveScan(
    _ x: Matrix, delta: Matrix, a: [Float], b: Matrix, c: Matrix, d: [Float], streams: Int = 1,
    state: inout [Float]
  ) -> Matrix {
    let (steps, channels, states) = (x.rows, x.columns, b.columns)
    precondition(delta.rows == steps && delta.columns == channels && d.count == channels)
    precondition(b.rows == steps && c.rows == steps && c.columns == states)
    precondition(steps.isMultiple(of: streams) && a.count == channels * states)
    precondition(state.count == streams * channels * states)
    let each = steps / streams
    var y = Matrix(rows: steps, columns: channels)
    y.values.withUnsafeMutableBufferPointer { y in
      state.withUnsafeMutableBufferPointer { state in
        withPointers(x.values, delta.values, a, b.values, c.values, d) { x, delta, a, b, c, d in
          guard let x, let delta, let b, let c, let state = state.baseAddress,
            let y = y.baseAddress
          else { return }
          for stream in 0..<streams {
            let first = stream * each
            let scan = ck_scan(
              steps: each, channels: channels, states: states, x: x + first * channels,
              delta: delta + first * channels, a: a, b: b + first * states,
              c: c + first * states, d: d, state: state + stream * channels * states,
              y: y + first * channels)
            ranges(channels, work: 8 * each * channels * states) { channels in
              if let native = backend.native {
                withUnsafePointer(to: scan) {
                  ck_selective_scan(native, $0, channels.lowerBound, channels.upperBound)
                }
              } else {
                ReferenceSequence.scan(scan, channels: channels)
              }
            }
          }
        }
      }
    }
    return y
  }
}

/// The pointers of some arrays.
private func withPointers(
  _ a: [Float], _ b: [Float], _ c: [Float], _ d: [Float], _ e: [Float], _ f: [Float],
  _ body: (
    UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?,
    UnsafePointer<Float>?, UnsafePointer<Float>?
  ) -> Void
) {
  a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      c.withUnsafeBufferPointer { c in
        d.withUnsafeBufferPointer { d in
          e.withUnsafeBufferPointer { e in
            f.withUnsafeBufferPointer { f in
              body(
                a.baseAddress, b.baseAddress, c.baseAddress, d.baseAddress, e.baseAddress,
                f.baseAddress)
            }
          }
        }
      }
    }
  }
}
