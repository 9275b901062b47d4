package import Kernels

/// Writes single-precision values in the formats that a merge results in.
package enum WeightEncoding {
  /// Encodes a row.
  ///
  /// - Important: Traps for formats other than F32, F16, BF16 and Q8_0.
  package static func encode(
    _ values: [Float], as type: ElementType, into bytes: UnsafeMutableRawBufferPointer
  ) {
    switch type {
    case .float32: values.withUnsafeBytes { bytes.copyMemory(from: $0) }
    case .float16:
      for (index, value) in values.enumerated() {
        bytes.storeBytes(of: Float16(value).bitPattern, toByteOffset: 2 * index, as: UInt16.self)
      }
    case .bfloat16:
      for (index, value) in values.enumerated() {
        bytes.storeBytes(of: bfloat16(value), toByteOffset: 2 * index, as: UInt16.self)
      }
    case .q8_0: quantize(values, into: bytes)
    case .q4_0, .q4_K, .q5_K, .q6_K: preconditionFailure("\(type) is no result of a merge")
    }
  }

  /// The upper half of a number, rounded to nearest, ties to even.
  static func bfloat16(_ value: Float) -> UInt16 {
    // A NaN whose payload is in the lower half must not become infinity.
    guard !value.isNaN else { return 0x7FC0 }
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }

  /// Q8_0 as in GGUF: 32 bytes per half-precision scale, which is the largest magnitude / 127.
  private static func quantize(_ values: [Float], into bytes: UnsafeMutableRawBufferPointer) {
    for block in 0..<values.count / 32 {
      let part = values[block * 32..<block * 32 + 32]
      let scale = (part.map { abs($0) }.max() ?? 0) / 127
      let inverse = scale == 0 ? 0 : 1 / scale
      let start = block * 34
      bytes.storeBytes(of: Float16(scale).bitPattern, toByteOffset: start, as: UInt16.self)
      for (index, value) in part.enumerated() {
        // Not a number and infinity have no integer; the scale carries them.
        let q = (value * inverse).rounded(.toNearestOrAwayFromZero)
        let byte = q.isFinite ? Int8(max(-127, min(127, q))) : 0
        bytes.storeBytes(of: byte, toByteOffset: start + 2 + index, as: Int8.self)
      }
    }
  }
}
