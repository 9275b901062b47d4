/// A group of 32 quantised weights as integers with their scales.
struct IntegerGroup {
  /// Signed numbers, or unsigned ones where there is a minimum.
  let q: [Int8]
  /// The scales of the lower and of the upper sixteen.
  let scales: [Float]
  /// What is subtracted from each weight.
  let minimum: Float?

  /// The groups of a row of weights.
  static func groups(of row: WeightMatrix) -> [IntegerGroup] {
    let size = row.type.blockBytes
    return stride(from: 0, to: row.bytes.count, by: size).flatMap { first in
      let block = UnsafeRawBufferPointer(rebasing: row.bytes[first..<first + size])
      return switch row.type {
      case .q8_0: [q8_0(block)]
      case .q4_0: [q4_0(block)]
      case .q4_K: (0..<8).map { withMinimum(block, group: $0, nibbles: 16) }
      case .q5_K: (0..<8).map { withMinimum(block, group: $0, nibbles: 48) }
      case .q6_K: (0..<8).map { q6_K(block, group: $0) }
      case .float32, .float16, .bfloat16: preconditionFailure("\(row.type) has no integers")
      }
    }
  }

  private static func q8_0(_ s: UnsafeRawBufferPointer) -> IntegerGroup {
    let scale = Dequantization.half(s, 0)
    return IntegerGroup(
      q: (0..<32).map { Int8(bitPattern: s[2 + $0]) }, scales: [scale, scale], minimum: nil)
  }

  private static func q4_0(_ s: UnsafeRawBufferPointer) -> IntegerGroup {
    let scale = Dequantization.half(s, 0)
    let q = (0..<32).map { i in Int8((i < 16 ? s[2 + i] & 15 : s[i - 14] >> 4)) - 8 }
    return IntegerGroup(q: q, scales: [scale, scale], minimum: nil)
  }

  /// Q4_K, whose nibbles start at byte 16, and Q5_K, which has the fifth bits there.
  private static func withMinimum(
    _ s: UnsafeRawBufferPointer, group j: Int, nibbles: Int
  ) -> IntegerGroup {
    let (scale, minimum) = Dequantization.scaleAndMinimum(s, j)
    let q = (0..<32).map { l in
      let byte = s[nibbles + 32 * (j / 2) + l]
      let low = j % 2 == 0 ? byte & 15 : byte >> 4
      let high = nibbles == 48 ? (s[16 + l] >> UInt8(j) & 1) << 4 : 0
      return Int8(low | high)
    }
    let d = Dequantization.half(s, 0) * scale
    return IntegerGroup(q: q, scales: [d, d], minimum: Dequantization.half(s, 2) * minimum)
  }

  private static func q6_K(_ s: UnsafeRawBufferPointer, group j: Int) -> IntegerGroup {
    let (n, g) = (j / 4, j % 4)
    let q = (0..<32).map { l in
      let low = s[64 * n + 32 * (g % 2) + l] >> UInt8(4 * (g / 2)) & 15
      let high = s[128 + 32 * n + l] >> UInt8(2 * g) & 3
      return Int8(low | high << 4) - 32
    }
    let d = Dequantization.half(s, 208)
    return IntegerGroup(
      q: q, scales: (0..<2).map { d * Float(Int8(bitPattern: s[192 + 2 * j + $0])) }, minimum: nil)
  }
}
