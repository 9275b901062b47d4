import Kernels
import TestSupport
import Testing

/// A row that has large and small groups, a group of zeros and an odd length's tail.
func activations(rows: Int, columns: Int, name: String = "x") -> Matrix {
  var values = FilledTensors.plainValues(name: name, count: rows * columns).map { Float($0) }
  for i in values.indices where i % 64 < 32 { values[i] *= 8 }
  for i in values.indices where i % 160 < 32 && columns > 160 { values[i] = 0 }
  return Matrix(rows: rows, columns: columns, values: values)
}

@Suite struct LinearTests {
  private static let native = KernelBackend.supported.filter { $0 != .reference }

  private static func shapes(_ type: ElementType) -> [(rows: Int, columns: Int)] {
    switch type.blockElements {
    case 1: [(1, 1), (3, 31), (5, 33), (17, 64), (19, 100)]
    case 32: [(1, 32), (3, 64), (5, 96), (17, 128), (19, 160), (7, 416)]
    default: [(1, 256), (5, 512), (19, 768)]
    }
  }

  @Test(arguments: native, ElementType.allCases)
  func `every backend gives the bits of the reference`(backend: KernelBackend, type: ElementType) {
    let (reference, compute) = (Compute(backend: .reference), Compute(backend: backend))
    for (index, shape) in Self.shapes(type).enumerated() {
      let weights = WeightMatrix.random(
        rows: shape.rows, columns: shape.columns, type: type, seed: UInt64(index))
      let bias = FilledTensors.plainValues(name: "bias", count: shape.rows).map { Float($0) }
      for batch in 1...9 {
        let x = activations(rows: batch, columns: shape.columns)
        let expected = reference.linear(x, weights, bias: bias)
        let found = compute.linear(x, weights, bias: bias)
        #expect(found.values.map(\.bitPattern) == expected.values.map(\.bitPattern))
      }
    }
  }

  @Test(arguments: [1, 2, 3], ElementType.allCases)
  func `the bits do not depend on the threads`(threads: Int, type: ElementType) {
    let (one, several) = (Compute(threads: 1), Compute(threads: threads))
    let weights = WeightMatrix.random(rows: 515, columns: 1024, type: type, seed: 1)
    for batch in [1, 2, 7, 13, 40] {
      let x = activations(rows: batch, columns: 1024)
      #expect(several.linear(x, weights) == one.linear(x, weights))
    }
  }

  @Test(arguments: ElementType.allCases)
  func `a row does not depend on its batch`(type: ElementType) {
    let compute = Compute(threads: 2)
    let weights = WeightMatrix.random(rows: 67, columns: 512, type: type, seed: 2)
    let x = activations(rows: Compute.rowsForOpenBLAS - 1, columns: 512)
    let batch = compute.linear(x, weights)
    for row in 0..<x.rows {
      #expect(compute.linear(x.rows(row..<row + 1), weights) == batch.rows(row..<row + 1))
    }
  }

  /// An activation is off by at most half of max/127 of its group.
  @Test(arguments: ElementType.allCases)
  func `a product is within the rounding of the activations`(type: ElementType) {
    let weights = WeightMatrix.random(rows: 33, columns: 1024, type: type, seed: 3)
    let x = activations(rows: 3, columns: 1024)
    let found = Compute().linear(x, weights)
    let values = Dequantization.values(of: weights)
    for row in 0..<x.rows {
      let steps = (0..<32).map { group in
        Double((0..<32).map { abs(x[row, 32 * group + $0]) }.max() ?? 0) / 127
      }
      for output in 0..<weights.rows {
        var (exact, bound) = (0.0, 0.0)
        for i in 0..<1024 {
          let w = Double(values[output * 1024 + i])
          exact += Double(x[row, i]) * w
          bound += type.blockElements > 1 ? 0.501 * steps[i / 32] * abs(w) : 0
          bound += 1e-6 * abs(Double(x[row, i]) * w)
        }
        #expect(abs(Double(found[row, output]) - exact) <= bound + 1e-6)
      }
    }
  }

  @Test(arguments: KernelBackend.supported, [ElementType.q8_0, .q4_0, .q4_K, .q6_K])
  func `extreme integers do not overflow`(backend: KernelBackend, type: ElementType) {
    for byte in [UInt8(0x00), 0x7f, 0x80, 0xff] {
      var bytes = [UInt8](repeating: byte, count: type.blockBytes)
      let at = type == .q6_K ? 208 : 0
      (bytes[at], bytes[at + 1]) = (0x00, 0x3c)
      if type == .q4_K { (bytes[2], bytes[3]) = (0x00, 0x3c) }
      let storage = WeightStorage(count: bytes.count) { $0.copyBytes(from: bytes) }
      let weights = WeightMatrix(
        rows: 1, columns: type.blockElements, type: type, storage: storage)
      for sign in [Float(-127), 127] {
        let x = Matrix(
          rows: 1, columns: weights.columns,
          values: [Float](repeating: sign, count: weights.columns))
        let exact = Dequantization.values(of: weights).reduce(0.0) { $0 + Double($1 * sign) }
        let found = Double(Compute(backend: backend).linear(x, weights).values[0])
        #expect(abs(found - exact) <= 1e-6 * max(abs(exact), 1))
      }
    }
  }

  @Test(arguments: KernelBackend.supported)
  func `half precision has all its numbers`(backend: KernelBackend) {
    let bits = (0..<0x10000).map { UInt16($0) }.filter { Float16(bitPattern: $0).isFinite }
    let storage = WeightStorage(count: bits.count * 2) { memory in
      bits.withUnsafeBytes { memory.copyMemory(from: $0) }
    }
    let weights = WeightMatrix(rows: bits.count, columns: 1, type: .float16, storage: storage)
    let found = Compute(backend: backend).linear(
      Matrix(rows: 1, columns: 1, values: [1]), weights)
    #expect(found.values == bits.map { Float(Float16(bitPattern: $0)) })
  }

  @Test(arguments: KernelBackend.supported, [Float.infinity, -.infinity, .nan])
  func `an activation that is no number shows`(backend: KernelBackend, bad: Float) {
    let weights = WeightMatrix.random(rows: 5, columns: 128, type: .q8_0, seed: 4)
    var x = activations(rows: 2, columns: 128)
    let good = Compute(backend: backend).linear(x, weights)
    x[0, 70] = bad
    let found = Compute(backend: backend).linear(x, weights)
    #expect(found.row(0).allSatisfy { $0.isNaN })
    #expect(found.row(1) == good.row(1))
  }

  @Test(arguments: KernelBackend.supported)
  func `tiny activations count as zeros`(backend: KernelBackend) {
    let weights = WeightMatrix.random(rows: 5, columns: 32, type: .q8_0, seed: 5)
    for tiny in [Float.leastNonzeroMagnitude, 1e-38, 5e-31] {
      let x = Matrix(rows: 1, columns: 32, values: [Float](repeating: tiny, count: 32))
      #expect(Compute(backend: backend).linear(x, weights).values == [0, 0, 0, 0, 0])
    }
  }

  @Test func `no rows and no outputs give empty results`() {
    let weights = WeightMatrix.random(rows: 4, columns: 32, type: .q8_0, seed: 6)
    #expect(Compute().linear(Matrix(rows: 0, columns: 32), weights).values.isEmpty)
    let none = WeightMatrix(rows: 0, columns: 32, values: [])
    #expect(Compute().linear(Matrix(rows: 2, columns: 32), none).columns == 0)
  }
}
