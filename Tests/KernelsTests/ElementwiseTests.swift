import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct ElementwiseTests {
  private static let native = KernelBackend.supported.filter { $0 != .reference }
  private static let functions: [Elementwise.Function] = [
    .exp, .sigmoid, .silu, .softplus, .tanh, .mish, .gelu, .elu, .leakyReLU(slope: 0.1), .relu,
    .sin, .cos, .scale(by: 1.7),
  ]

  /// Numbers of all sizes, each `step`th bit pattern.
  private static func patterns(step: UInt32) -> [Float] {
    stride(from: 0, to: UInt32.max - step, by: UInt32.Stride(step)).map { Float(bitPattern: $0) }
  }

  private static func exact(_ function: Elementwise.Function, _ x: Double) -> Double {
    switch function {
    case .exp: exp(x)
    case .sigmoid: 1 / (1 + exp(-x))
    case .silu: x / (1 + exp(-x))
    case .softplus: x > 30 ? x : log1p(exp(x))
    case .tanh: tanh(x)
    case .mish: x * tanh(x > 30 ? x : log1p(exp(x)))
    case .gelu: x / 2 * erfc(-x / 2.0.squareRoot())
    case .elu: x > 0 ? x : expm1(x)
    case .leakyReLU(let slope): x > 0 ? x : x * Double(slope)
    case .relu: max(x, 0)
    case .sin: sin(x)
    case .cos: cos(x)
    case .scale(let factor): x * Double(factor)
    }
  }

  @Test(arguments: native, functions)
  func `every backend gives the bits of the reference`(
    backend: KernelBackend, function: Elementwise.Function
  ) {
    let input =
      Self.patterns(step: 1_000_003) + [0, -0.0, .infinity, -.infinity, .nan, 1, -1, 0.92]
    var (found, expected) = (input, input)
    Elementwise.apply(function, to: &found, backend: backend)
    Elementwise.apply(function, to: &expected, backend: .reference)
    for (a, b) in zip(found, expected) where !(a.isNaN && b.isNaN) {
      #expect(a.bitPattern == b.bitPattern)
    }
  }

  @Test func `the exponential is within 1.1 units in the last place`() {
    let input = Self.patterns(step: 1009).filter { $0 > -110 && $0 < 95 }
    var found = input
    Elementwise.apply(.exp, to: &found)
    var worst = 0.0
    for (x, y) in zip(input, found) {
      let exact = exp(Double(x))
      let rounded = Float(exact)
      if rounded.isInfinite {
        #expect(y == .infinity)
      } else {
        worst = max(worst, abs(Double(y) - exact) / Double(rounded.ulp))
      }
    }
    #expect(worst < 1.1)
  }

  @Test func `the exponential of what is no number`() {
    var x: [Float] = [.infinity, -.infinity, .nan, 0, -0.0, 89, -104, 1e30, -1e30]
    Elementwise.apply(.exp, to: &x)
    #expect(x[2].isNaN)
    x.remove(at: 2)
    #expect(x == [.infinity, 0, 1, 1, .infinity, 0, .infinity, 0])
  }

  /// The bound is relative to the result; what is small by subtraction (gelu below zero, sine at
  /// its zeros) is bounded absolutely.
  @Test(arguments: functions, 0..<2)
  func `functions are those of double precision`(function: Elementwise.Function, size: Int) {
    let wide = size == 1
    let input = FilledTensors.plainValues(name: "functions", count: 20000).map {
      Float(wide ? $0 * 80 : $0 * 3)
    }
    var found = input
    Elementwise.apply(function, to: &found)
    for (x, y) in zip(input, found) {
      let exact = Self.exact(function, Double(x))
      let absolute: Double =
        switch function {
        case .gelu, .elu, .sin, .cos, .tanh: 1.5e-7 * max(1, abs(Double(x)))
        default: 1e-38
        }
      #expect(abs(Double(y) - exact) <= 5e-7 * abs(exact) + absolute)
    }
  }

  @Test func `sine and cosine hold up to 1e5`() {
    let input = FilledTensors.plainValues(name: "angles", count: 200_000).map { Float($0 * 1e5) }
    var (sines, cosines) = (input, input)
    Elementwise.apply(.sin, to: &sines)
    Elementwise.apply(.cos, to: &cosines)
    var worst = 0.0
    for (i, x) in input.enumerated() {
      worst = max(worst, abs(Double(sines[i]) - sin(Double(x))))
      worst = max(worst, abs(Double(cosines[i]) - cos(Double(x))))
    }
    #expect(worst < 1e-7)
  }

  @Test(arguments: native, [(1, 1), (3, 15), (2, 16), (5, 37)])
  func `two operands and snake give the bits of the reference`(
    backend: KernelBackend, shape: (Int, Int)
  ) {
    let (rows, columns) = shape
    func filled(_ name: String) -> Matrix {
      Matrix(
        rows: rows, columns: columns,
        values: FilledTensors.plainValues(name: name, count: rows * columns).map { Float($0 * 4) })
    }
    let (x, y) = (filled("x"), filled("y"))
    let alpha = Array(filled("alpha").values.prefix(columns)).map { abs($0) + 0.01 }
    for use in 0..<4 {
      func run(_ backend: KernelBackend) -> Matrix {
        var result = x
        switch use {
        case 0: Elementwise.add(y, to: &result, backend: backend)
        case 1: Elementwise.multiply(&result, by: y, backend: backend)
        case 2: Elementwise.gate(&result, times: y, backend: backend)
        default: Elementwise.snake(&result, alpha: alpha, backend: backend)
        }
        return result
      }
      let found = run(backend)
      #expect(found == run(.reference))
      for i in x.values.indices {
        let (a, b, c) = (Double(x.values[i]), Double(y.values[i]), Double(alpha[i % columns]))
        let exact =
          switch use {
          case 0: a + b
          case 1: a * b
          case 2: a / (1 + exp(-a)) * b
          default: a + pow(sin(c * a), 2) / (c + 1e-9)
          }
        #expect(abs(Double(found.values[i]) - exact) < 1e-6 * max(1, abs(exact)))
      }
    }
  }
}
