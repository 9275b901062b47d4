import CKernels

/// Functions of each number, in place, with polynomials of their own.
///
/// Nothing depends on the C library: all backends give the same bits.
package enum Elementwise {
  /// A function of one number.
  package enum Function: Sendable, Hashable {
    /// e^x, within 1.01 units in the last place.
    case exp
    /// 1 / (1 + e^-x).
    case sigmoid
    /// x sigmoid(x).
    case silu
    /// log(1 + e^x); x above 20.
    case softplus
    case tanh
    /// x tanh(softplus(x)).
    case mish
    /// x (1 + erf(x / sqrt 2)) / 2.
    case gelu
    /// x above 0, e^x - 1 below.
    case elu
    /// x above 0, slope x below.
    case leakyReLU(slope: Float)
    case relu
    /// For |x| up to 1e5.
    case sin
    /// For |x| up to 1e5.
    case cos
    case scale(by: Float)
  }

  /// Replaces each number by its function value.
  package static func apply(
    _ function: Function, to x: UnsafeMutableBufferPointer<Float>, backend: KernelBackend = .best
  ) {
    guard let native = backend.native else {
      for i in x.indices { x[i] = ReferenceFunctions.value(function, x[i]) }
      return
    }
    let (number, parameter) = function.native
    ck_map(native, number, x.baseAddress, nil, x.count, parameter)
  }

  /// Replaces each number by its function value.
  package static func apply(
    _ function: Function, to x: inout [Float], backend: KernelBackend = .best
  ) {
    x.withUnsafeMutableBufferPointer { apply(function, to: $0, backend: backend) }
  }

  /// Replaces each number by its function value.
  package static func apply(
    _ function: Function, to x: inout Matrix, backend: KernelBackend = .best
  ) {
    apply(function, to: &x.values, backend: backend)
  }

  /// x + y.
  package static func add(_ y: Matrix, to x: inout Matrix, backend: KernelBackend = .best) {
    combine(CK_ADD, &x, y, backend) { $0 + $1 }
  }

  /// x y, number by number.
  package static func multiply(
    _ x: inout Matrix, by y: Matrix, backend: KernelBackend = .best
  ) {
    combine(CK_MULTIPLY, &x, y, backend) { $0 * $1 }
  }

  /// silu(gate) y, number by number, into the gate.
  package static func gate(_ gate: inout Matrix, times y: Matrix, backend: KernelBackend = .best) {
    combine(CK_GATE, &gate, y, backend) { ReferenceFunctions.value(.silu, $0) * $1 }
  }

  /// x + sin(alpha x)^2 / (alpha + 1e-9), one alpha for each column.
  package static func snake(
    _ x: inout Matrix, alpha: [Float], backend: KernelBackend = .best
  ) {
    precondition(alpha.count == x.columns)
    let (rows, columns) = (x.rows, x.columns)
    guard let native = backend.native else {
      for i in x.values.indices {
        let a = alpha[i % columns]
        let s = ReferenceFunctions.sine(a * x.values[i], quarters: 0)
        x.values[i] += s * s / (a + 1e-9)
      }
      return
    }
    x.values.withUnsafeMutableBufferPointer { values in
      alpha.withUnsafeBufferPointer {
        ck_snake(native, values.baseAddress, $0.baseAddress, rows, columns)
      }
    }
  }

  private static func combine(
    _ function: ck_function, _ x: inout Matrix, _ y: Matrix, _ backend: KernelBackend,
    reference: (Float, Float) -> Float
  ) {
    precondition(x.rows == y.rows && x.columns == y.columns)
    let count = x.values.count
    guard let native = backend.native else {
      for i in 0..<count { x.values[i] = reference(x.values[i], y.values[i]) }
      return
    }
    x.values.withUnsafeMutableBufferPointer { x in
      y.values.withUnsafeBufferPointer {
        ck_map(native, function, x.baseAddress, $0.baseAddress, count, 0)
      }
    }
  }
}

extension Elementwise.Function {
  /// The function's number in C and its parameter.
  var native: (ck_function, Float) {
    switch self {
    case .exp: (CK_EXP, 0)
    case .sigmoid: (CK_SIGMOID, 0)
    case .silu: (CK_SILU, 0)
    case .softplus: (CK_SOFTPLUS, 0)
    case .tanh: (CK_TANH, 0)
    case .mish: (CK_MISH, 0)
    case .gelu: (CK_GELU, 0)
    case .elu: (CK_ELU, 0)
    case .leakyReLU(let slope): (CK_LEAKY_RELU, slope)
    case .relu: (CK_RELU, 0)
    case .sin: (CK_SIN, 0)
    case .cos: (CK_COS, 0)
    case .scale(let factor): (CK_SCALE, factor)
    }
  }
}
