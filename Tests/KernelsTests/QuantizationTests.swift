import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct QuantizationTests {
  /// Rows of small and large numbers, zeros, ties, and one number that stands out.
  private static let values: [Float] = {
    var x = FilledTensors.plainValues(name: "quantization", count: 16 * 256).map { Float($0) }
    for i in 0..<256 {
      x[3 * 256 + i] *= 1e-6
      x[5 * 256 + i] *= 3e4
      if i < 64 { x[7 * 256 + i] = 0 }
      x[9 * 256 + i] = (x[9 * 256 + i] * 8).rounded(.toNearestOrEven) / 8
    }
    x[11 * 256 + 40] = -5
    return x
  }()

  /// CRC-32 and first bytes of what `gguf.quants.quantize` makes of the same values.
  @Test(arguments: [
    (ElementType.float16, UInt32(0x49db_0230), [UInt8]([0x81, 0x35, 0xd9, 0xa9])),
    (.bfloat16, 0x0ed0_4664, [0xb0, 0x3e, 0x3b, 0xbd]),
    (.q8_0, 0xdc8e_c9af, [0xdd, 0x1f, 0x2d, 0xfa]),
    (.q4_0, 0x5325_4188, [0xce, 0x2f, 0xfb, 0x38]),
  ])
  func `the bytes are those of the gguf package`(
    type: ElementType, crc: UInt32, first: [UInt8]
  ) throws {
    let weights = try Quantization.quantize(Self.values, rows: 16, columns: 256, to: type)
    #expect(Array(weights.bytes.prefix(4)) == first)
    #expect(FilledTensors.crc32(Array(weights.bytes)) == crc)
  }

  /// Q8_0 rounds to half a step of max/127, Q4_0 to one step of max/8 at the short end; the scale
  /// is rounded to half precision besides.
  @Test(arguments: [(ElementType.q8_0, 0.5 / 127), (.q4_0, 1.0 / 8)])
  func `a weight is off by a step at most`(type: ElementType, step: Double) throws {
    let weights = try Quantization.quantize(Self.values, rows: 16, columns: 256, to: type)
    let found = Dequantization.values(of: weights)
    for first in stride(from: 0, to: found.count, by: 32) {
      let largest = Double(Self.values[first..<first + 32].reduce(0) { max($0, abs($1)) })
      for i in first..<first + 32 {
        let difference = abs(Double(found[i]) - Double(Self.values[i]))
        #expect(difference <= largest * (step + 1.0 / 1024) + 4e-6)
      }
    }
  }

  @Test func `formats that are only read are refused`() {
    for type in [ElementType.q4_K, .q5_K, .q6_K] {
      #expect(throws: QuantizationError.readOnly(type)) {
        try Quantization.quantize(Self.values, rows: 16, columns: 256, to: type)
      }
    }
  }

  @Test func `part of a block is refused`() {
    #expect(throws: QuantizationError.partialBlock(.q8_0, columns: 33)) {
      try Quantization.quantize([Float](repeating: 1, count: 33), rows: 1, columns: 33, to: .q8_0)
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity], [ElementType.q8_0, .q4_0])
  func `what is no number is refused with its place`(bad: Float, type: ElementType) {
    var values = Self.values
    values[2 * 256 + 5] = bad
    #expect(throws: QuantizationError.notFinite(row: 2, column: 5)) {
      try Quantization.quantize(values, rows: 16, columns: 256, to: type)
    }
  }

  @Test(arguments: [ElementType.q8_0, .q4_0])
  func `numbers too small for a scale become zeros`(type: ElementType) throws {
    let tiny = [Float](repeating: .leastNonzeroMagnitude, count: 32)
    let weights = try Quantization.quantize(tiny, rows: 1, columns: 32, to: type)
    #expect(Dequantization.values(of: weights).allSatisfy { $0 == 0 })
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `plain formats keep what is no number`(value: Float) throws {
    for type in [ElementType.float16, .bfloat16] {
      let weights = try Quantization.quantize([value], rows: 1, columns: 1, to: type)
      let found = Dequantization.values(of: weights)[0]
      #expect(value.isNaN ? found.isNaN : found == value)
    }
  }
}
