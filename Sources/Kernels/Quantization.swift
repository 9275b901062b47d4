/// Why weights could not be stored in a number format.
package enum QuantizationError: Error, Equatable {
  /// The format can be read only.
  case readOnly(ElementType)
  /// A row is no whole number of blocks.
  case partialBlock(ElementType, columns: Int)
  /// A number is infinite or none, at this place.
  case notFinite(row: Int, column: Int)
}

/// Single-precision numbers to the number formats of weights.
///
/// The quantised formats are rounded as by `gguf.quants.quantize` of the gguf Python package, to
/// the same bytes.
package enum Quantization {
  /// Stores `rows * columns` values, row after row.
  package static func quantize(
    _ values: [Float], rows: Int, columns: Int, to type: ElementType
  ) throws(QuantizationError) -> WeightMatrix {
    precondition(values.count == rows * columns)
    guard let count = type.byteCount(rows: rows, columns: columns) else {
      throw .partialBlock(type, columns: columns)
    }
    if let bad = values.firstIndex(where: { !$0.isFinite }), type.blockElements > 1 {
      throw .notFinite(row: bad / columns, column: bad % columns)
    }
    let storage = try WeightStorage(count: count) { memory throws(QuantizationError) in
      for block in 0..<values.count / type.blockElements {
        let first = block * type.blockElements
        let source = values[first..<first + type.blockElements]
        let target = UnsafeMutableRawBufferPointer(
          rebasing: memory[block * type.blockBytes..<(block + 1) * type.blockBytes])
        switch type {
        case .float32: target.storeBytes(of: values[first], as: Float.self)
        case .float16: target.storeBytes(of: Float16(values[first]), as: Float16.self)
        case .bfloat16: target.storeBytes(of: bfloat16(values[first]), as: UInt16.self)
        case .q8_0: q8_0(source, target)
        case .q4_0: q4_0(source, target)
        case .q4_K, .q5_K, .q6_K: throw .readOnly(type)
        }
      }
    }
    return WeightMatrix(rows: rows, columns: columns, type: type, storage: storage)
  }

  /// Rounded half to even; what is no number stays so.
  private static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16 | 64) }
    return UInt16((bits + (0x7fff + (bits >> 16 & 1))) >> 16)
  }

  /// 1 / d, or 0 where there is none.
  private static func inverse(_ d: Float) -> Float {
    let inverse = 1 / d
    return inverse.isFinite ? inverse : 0
  }

  /// d = max |x| / 127; rounded half away from zero.
  private static func q8_0(_ x: ArraySlice<Float>, _ out: UnsafeMutableRawBufferPointer) {
    let d = x.reduce(0) { max($0, abs($1)) } / 127
    let inverse = inverse(d)
    out.storeBytes(of: Float16(d), as: Float16.self)
    for (i, value) in x.enumerated() {
      let q = Int8((value * inverse).rounded(.toNearestOrAwayFromZero))
      out[2 + i] = UInt8(bitPattern: q)
    }
  }

  /// The number of largest magnitude becomes -8, so that the side it lies on has the more steps.
  private static func q4_0(_ x: ArraySlice<Float>, _ out: UnsafeMutableRawBufferPointer) {
    let d = x.reduce(Float(0)) { abs($1) > abs($0) ? $1 : $0 } / -8
    let inverse = inverse(d)
    out.storeBytes(of: Float16(d), as: Float16.self)
    let q = x.map { UInt8(min(15, ($0 * inverse + 8.5).rounded(.towardZero))) }
    for i in 0..<16 { out[2 + i] = q[i] | q[16 + i] << 4 }
  }
}
