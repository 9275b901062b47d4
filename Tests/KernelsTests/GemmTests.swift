import Foundation
import Kernels
import Synchronization
import TestSupport
import Testing

@Suite struct GemmTests {
  private func filled(_ name: String, _ rows: Int, _ columns: Int) -> Matrix {
    Matrix(
      rows: rows, columns: columns,
      values: FilledTensors.plainValues(name: name, count: rows * columns).map { Float($0) })
  }

  @Test(arguments: [(1, 1, 1), (3, 5, 7), (16, 33, 20), (65, 40, 300), (13, 1024, 96)])
  func `a product is that of the definition`(n: Int, k: Int, m: Int) {
    let (a, b) = (filled("a", n, k), filled("b", k, m))
    let found = Compute(threads: 2).multiply(a, b)
    let reference = Compute(backend: .reference).multiply(a, b)
    for row in 0..<n {
      for column in 0..<m {
        let exact = (0..<k).reduce(0.0) { $0 + Double(a[row, $1]) * Double(b[$1, column]) }
        #expect(abs(Double(found[row, column]) - exact) < 1e-6 * Double(k + 4))
        #expect(abs(Double(reference[row, column]) - exact) < 1e-6 * Double(k + 4))
      }
    }
  }

  @Test(arguments: [KernelBackend.reference, .best])
  func `parts, transposes and factors are honoured`(backend: KernelBackend) {
    let (a, b) = (filled("a", 9, 12), filled("b", 12, 10))
    let compute = Compute(backend: backend)
    var c = filled("c", 6, 8)
    let before = c
    // c[1..<4, 2..<7] = 0.5 a[2..<6, 3..<6]ᵀ b[1..<6, 4..<8]ᵀ ... + 2 c, over an inner size of 4.
    c.values.withUnsafeMutableBufferPointer { out in
      a.values.withUnsafeBufferPointer { left in
        b.values.withUnsafeBufferPointer { right in
          guard let left = left.baseAddress, let right = right.baseAddress,
            let out = out.baseAddress
          else { return }
          compute.gemm(
            rows: 3, columns: 5, inner: 4,
            MatrixView(left + 2 * 12 + 3, stride: 12, transposed: true),
            MatrixView(right + 1 * 10 + 4, stride: 10, transposed: true),
            alpha: 0.5, beta: 2, into: out + 1 * 8 + 2, stride: 8)
        }
      }
    }
    for row in 0..<6 {
      for column in 0..<8 {
        var expected = Double(before[row, column])
        if (1..<4).contains(row), (2..<7).contains(column) {
          let sum = (0..<4).reduce(0.0) { sum, i in
            sum + Double(a[2 + i, 3 + row - 1]) * Double(b[1 + column - 2, 4 + i])
          }
          expected = 0.5 * sum + 2 * expected
        }
        #expect(abs(Double(c[row, column]) - expected) < 1e-5)
      }
    }
  }

  /// OpenBLAS's own threads split a product by their number; tiles of a fixed size do not.
  @Test(arguments: [(13, 1024, 4096), (64, 1024, 1000), (600, 70, 513)], [2, 3])
  func `the bits do not depend on the threads`(shape: (Int, Int, Int), threads: Int) {
    let (n, k, m) = shape
    let x = filled("x", n, k)
    let weights = WeightMatrix.random(rows: m, columns: k, type: .float32, seed: 9)
    let (one, several) = (Compute(threads: 1), Compute(threads: threads))
    #expect(several.linear(x, weights) == one.linear(x, weights))
    let b = filled("b", k, m)
    #expect(several.multiply(x, b) == one.multiply(x, b))
  }

  @Test func `many threads may call OpenBLAS at once`() {
    let (a, b) = (filled("a", 70, 200), filled("b", 200, 300))
    let expected = Compute().multiply(a, b)
    let failures = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      let compute = Compute(threads: 2)
      for _ in 0..<100 where compute.multiply(a, b) != expected { failures.withLock { $0 += 1 } }
    }
    #expect(failures.withLock { $0 } == 0)
  }

  @Test func `the library says what it is`() {
    #expect(OpenBLASRuntime.configuration.hasPrefix("OpenBLAS"))
    #expect(!OpenBLASRuntime.coreName.isEmpty)
  }

  @Test func `an inner size of zero gives zeros`() {
    let product = Compute().multiply(Matrix(rows: 2, columns: 0), Matrix(rows: 0, columns: 3))
    #expect(product == Matrix(rows: 2, columns: 3))
  }
}
