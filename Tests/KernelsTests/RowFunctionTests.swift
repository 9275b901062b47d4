import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct RowFunctionTests {
  private static let native = KernelBackend.supported.filter { $0 != .reference }
  private static let widths = [1, 5, 16, 33, 100, 4096]

  private func filled(_ name: String, _ rows: Int, _ columns: Int, scale: Double = 1) -> Matrix {
    Matrix(
      rows: rows, columns: columns,
      values: FilledTensors.plainValues(name: name, count: rows * columns).map {
        Float($0 * scale)
      })
  }

  @Test(arguments: native, widths)
  func `every backend gives the bits of the reference`(backend: KernelBackend, width: Int) {
    let x = filled("x", 3, width, scale: 6)
    let weight = filled("weight", 1, width).values
    let bias = filled("bias", 1, width).values
    for use in 0..<5 {
      func run(_ backend: KernelBackend) -> [UInt32] {
        var y = x
        switch use {
        case 0: Elementwise.softmax(&y, backend: backend)
        case 1: Elementwise.softmax(&y, valid: (width + 1) / 2, backend: backend)
        case 2: Elementwise.rmsNorm(&y, weight: weight, epsilon: 1e-5, backend: backend)
        case 3:
          Elementwise.layerNorm(&y, weight: weight, bias: bias, epsilon: 1e-5, backend: backend)
        default: Elementwise.layerNorm(&y, weight: nil, bias: nil, epsilon: 1e-6, backend: backend)
        }
        return y.values.map(\.bitPattern)
      }
      #expect(run(backend) == run(.reference))
    }
  }

  @Test(arguments: widths)
  func `softmax is that of double precision`(width: Int) {
    let x = filled("x", 2, width, scale: 30)
    for valid in Set([width, (width + 1) / 2, 1]).sorted() {
      var y = x
      Elementwise.softmax(&y, valid: valid)
      for row in 0..<2 {
        let largest = x.row(row).prefix(valid).max() ?? 0
        let terms = x.row(row).prefix(valid).map { exp(Double($0) - Double(largest)) }
        let sum = terms.reduce(0, +)
        for column in 0..<width {
          let exact = column < valid ? terms[column] / sum : 0
          #expect(abs(Double(y[row, column]) - exact) <= 4e-6 * exact)
        }
      }
    }
  }

  @Test func `softmax gives masked columns nothing and large ones no overflow`() {
    var x = Matrix(rows: 1, columns: 4, values: [-.infinity, 1e38, 1e38, -.infinity])
    Elementwise.softmax(&x)
    #expect(x.values == [0, 0.5, 0.5, 0])
  }

  @Test(arguments: widths, [0.0, 100.0])
  func `norms are those of double precision`(width: Int, offset: Double) {
    var x = filled("x", 2, width, scale: 2)
    for i in x.values.indices { x.values[i] += Float(offset) }
    let weight = filled("weight", 1, width).values
    let bias = filled("bias", 1, width).values
    var (rms, layer) = (x, x)
    Elementwise.rmsNorm(&rms, weight: weight, epsilon: 1e-5)
    Elementwise.layerNorm(&layer, weight: weight, bias: bias, epsilon: 1e-5)
    for row in 0..<2 {
      let values = x.row(row).map { Double($0) }
      let count = Double(width)
      let mean = values.reduce(0, +) / count
      let square = values.reduce(0) { $0 + $1 * $1 } / count
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      for column in 0..<width {
        let w = Double(weight[column])
        let exactRMS = values[column] / (square + 1e-5).squareRoot() * w
        #expect(abs(Double(rms[row, column]) - exactRMS) <= 1e-6 * abs(exactRMS))
        let normal = (values[column] - mean) / (variance + 1e-5).squareRoot()
        let exact = normal * w + Double(bias[column])
        // The mean of numbers near 100 is known to one part in 2^24.
        let tolerance = width == 1 && offset > 0 ? 0.01 : 3e-6 + 3e-7 * offset
        #expect(abs(Double(layer[row, column]) - exact) <= tolerance * (1 + abs(exact)))
      }
    }
  }
}
