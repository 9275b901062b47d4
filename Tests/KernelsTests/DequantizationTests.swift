import Kernels
import Testing

@Suite struct DequantizationTests {
  /// Byte i = 37 i + 11 over a block with d = 0.0125, dmin = 0.003; values from the `gguf` package.
  @Test(arguments: [
    (
      ElementType.q8_0, [Float]([1.062241, 1.524628, -1.212204, -0.749817, -0.287430]),
      Float(-2.19946)
    ),
    (.q4_0, [-0.037491, 0.024994, 0.087479, -0.049988, 0.012497], -0.26244),
    (.q4_K, [4.108446, -0.153013, 1.784014, 3.721041, 5.658068], 707.77478),
    (.q5_K, [10.306932, -0.153013, 7.982500, 3.721041, 11.856554], 1479.78625),
    (.q6_K, [-17.883133, 21.194824, 7.285721, -6.623383, -20.532486], 57.63593),
  ])
  func `a block has the values that the gguf package reads`(
    type: ElementType, first: [Float], sum: Float
  ) {
    var bytes = (0..<type.blockBytes).map { UInt8(truncatingIfNeeded: 37 * $0 + 11) }
    func put(_ value: Float, at offset: Int) {
      let bits = Float16(value).bitPattern
      bytes[offset] = UInt8(bits & 255)
      bytes[offset + 1] = UInt8(bits >> 8)
    }
    put(0.0125, at: type == .q6_K ? 208 : 0)
    if type == .q4_K || type == .q5_K { put(0.003, at: 2) }
    let storage = WeightStorage(count: bytes.count) { $0.copyBytes(from: bytes) }
    let values = Dequantization.values(
      of: WeightMatrix(rows: 1, columns: type.blockElements, type: type, storage: storage))
    for (found, expected) in zip(values, first) { #expect(abs(found - expected) < 2e-6 * 20) }
    #expect(abs(values.reduce(0, +) - sum) < 1e-3)
  }
}
