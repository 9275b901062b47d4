/// Weights of every ``ElementType`` as single-precision numbers: the pure-Swift ground truth.
///
/// Block layouts as in GGUF v3.
package enum Dequantization {
  /// The values of some rows of a weight matrix, row after row.
  package static func values(of weights: WeightMatrix) -> [Float] {
    var result = [Float](repeating: 0, count: weights.rows * weights.columns)
    result.withUnsafeMutableBufferPointer { output in
      dequantize(weights.bytes, type: weights.type, into: output)
    }
    return result
  }

  /// Some rows of a table in the order in which they are named, `[indices, columns]`: the embeddings
  /// of tokens or codes.
  package static func rows(_ indices: some Collection<Int>, of table: WeightMatrix) -> Matrix {
    var values: [Float] = []
    values.reserveCapacity(indices.count * table.columns)
    for index in indices {
      precondition(index >= 0 && index < table.rows)
      values += Self.values(of: table.rows(index..<index + 1))
    }
    return Matrix(rows: indices.count, columns: table.columns, values: values)
  }

  /// Writes the values of a whole number of blocks.
  package static func dequantize(
    _ bytes: UnsafeRawBufferPointer, type: ElementType,
    into output: UnsafeMutableBufferPointer<Float>
  ) {
    let blocks = output.count / type.blockElements
    precondition(bytes.count == blocks * type.blockBytes)
    for block in 0..<blocks {
      let source = UnsafeRawBufferPointer(
        rebasing: bytes[block * type.blockBytes..<(block + 1) * type.blockBytes])
      let target = UnsafeMutableBufferPointer(
        rebasing: output[block * type.blockElements..<(block + 1) * type.blockElements])
      switch type {
      case .float32: target[0] = source.loadUnaligned(as: Float.self)
      case .float16: target[0] = half(source, 0)
      case .bfloat16:
        target[0] = Float(bitPattern: UInt32(source.loadUnaligned(as: UInt16.self)) << 16)
      case .q8_0: q8_0(source, target)
      case .q4_0: q4_0(source, target)
      case .q4_K: q4_K(source, target)
      case .q5_K: q5_K(source, target)
      case .q6_K: q6_K(source, target)
      }
    }
  }

  static func half(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Float {
    Float(Float16(bitPattern: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
  }

  private static func q8_0(_ s: UnsafeRawBufferPointer, _ out: UnsafeMutableBufferPointer<Float>) {
    let scale = half(s, 0)
    for i in 0..<32 { out[i] = scale * Float(Int8(bitPattern: s[2 + i])) }
  }

  private static func q4_0(_ s: UnsafeRawBufferPointer, _ out: UnsafeMutableBufferPointer<Float>) {
    let scale = half(s, 0)
    for l in 0..<16 {
      out[l] = scale * Float(Int(s[2 + l] & 15) - 8)
      out[16 + l] = scale * Float(Int(s[2 + l] >> 4) - 8)
    }
  }

  /// The six-bit scale and minimum of sub-block `j` of a Q4_K or Q5_K block `s`.
  static func scaleAndMinimum(
    _ s: UnsafeRawBufferPointer, _ j: Int
  ) -> (scale: Float, minimum: Float) {
    if j < 4 { return (Float(s[4 + j] & 63), Float(s[8 + j] & 63)) }
    let scale = (s[8 + j] & 15) | (s[j] >> 6) << 4
    let minimum = (s[8 + j] >> 4) | (s[4 + j] >> 6) << 4
    return (Float(scale), Float(minimum))
  }

  private static func q4_K(_ s: UnsafeRawBufferPointer, _ out: UnsafeMutableBufferPointer<Float>) {
    let (d, dmin) = (half(s, 0), half(s, 2))
    for j in 0..<8 {
      let (scale, minimum) = scaleAndMinimum(s, j)
      for l in 0..<32 {
        let byte = s[16 + 32 * (j / 2) + l]
        let q = j % 2 == 0 ? byte & 15 : byte >> 4
        out[32 * j + l] = d * scale * Float(q) - dmin * minimum
      }
    }
  }

  private static func q5_K(_ s: UnsafeRawBufferPointer, _ out: UnsafeMutableBufferPointer<Float>) {
    let (d, dmin) = (half(s, 0), half(s, 2))
    for j in 0..<8 {
      let (scale, minimum) = scaleAndMinimum(s, j)
      for l in 0..<32 {
        let byte = s[48 + 32 * (j / 2) + l]
        let low = j % 2 == 0 ? byte & 15 : byte >> 4
        let q = low + ((s[16 + l] >> UInt8(j)) & 1) * 16
        out[32 * j + l] = d * scale * Float(q) - dmin * minimum
      }
    }
  }

  private static func q6_K(_ s: UnsafeRawBufferPointer, _ out: UnsafeMutableBufferPointer<Float>) {
    let d = half(s, 208)
    for i in 0..<256 {
      let (n, g, l) = (i / 128, (i % 128) / 32, i % 32)
      let low = (s[64 * n + 32 * (g % 2) + l] >> UInt8(4 * (g / 2))) & 15
      let high = (s[128 + 32 * n + l] >> UInt8(2 * g)) & 3
      let scale = Float(Int8(bitPattern: s[192 + i / 16]))
      out[i] = d * scale * Float(Int(low | high << 4) - 32)
    }
  }
}
