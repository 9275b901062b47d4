import CKernels

extension Elementwise {
  /// Softmax of each row over its first `valid` columns (all by default); the others become 0.
  ///
  /// A row whose valid numbers are all minus infinity becomes NaN.
  package static func softmax(
    _ x: inout Matrix, valid: Int? = nil, backend: KernelBackend = .best
  ) {
    let (rows, columns, valid) = (x.rows, x.columns, valid ?? x.columns)
    precondition(valid >= 0 && valid <= columns)
    x.values.withUnsafeMutableBufferPointer { x in
      guard let start = x.baseAddress else { return }
      if let native = backend.native { return ck_softmax(native, start, rows, columns, valid) }
      for row in 0..<rows {
        let first = start + row * columns
        ReferenceRows.softmax(UnsafeMutableBufferPointer(start: first, count: valid))
        (first + valid).update(repeating: 0, count: columns - valid)
      }
    }
  }

  /// Each row divided by its root mean square, times the weight: x / sqrt(mean x² + epsilon) w.
  package static func rmsNorm(
    _ x: inout Matrix, weight: [Float], epsilon: Float, backend: KernelBackend = .best
  ) {
    precondition(weight.count == x.columns)
    let (rows, columns) = (x.rows, x.columns)
    x.values.withUnsafeMutableBufferPointer { x in
      weight.withUnsafeBufferPointer { weight in
        guard let start = x.baseAddress, let weights = weight.baseAddress else { return }
        if let native = backend.native {
          return ck_rms_norm(native, start, weights, rows, columns, epsilon)
        }
        for row in 0..<rows {
          ReferenceRows.rmsNorm(
            UnsafeMutableBufferPointer(start: start + row * columns, count: columns),
            weight: weight, epsilon: epsilon)
        }
      }
    }
  }

  /// Each row less its mean, divided by its standard deviation, times the weight plus the bias.
  package static func layerNorm(
    _ x: inout Matrix, weight: [Float]?, bias: [Float]?, epsilon: Float,
    backend: KernelBackend = .best
  ) {
    precondition((weight ?? []).count == (weight == nil ? 0 : x.columns))
    precondition((bias ?? []).count == (bias == nil ? 0 : x.columns))
    let (rows, columns) = (x.rows, x.columns)
    x.values.withUnsafeMutableBufferPointer { x in
      (weight ?? []).withUnsafeBufferPointer { weights in
        (bias ?? []).withUnsafeBufferPointer { biases in
          guard let start = x.baseAddress else { return }
          if let native = backend.native {
            return ck_layer_norm(
              native, start, weight == nil ? nil : weights.baseAddress,
              bias == nil ? nil : biases.baseAddress, rows, columns, epsilon)
          }
          for row in 0..<rows {
            ReferenceRows.layerNorm(
              UnsafeMutableBufferPointer(start: start + row * columns, count: columns),
              weight: weight, bias: bias, epsilon: epsilon)
          }
        }
      }
    }
  }
}
