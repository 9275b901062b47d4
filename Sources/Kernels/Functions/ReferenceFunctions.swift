/// The functions of one number in plain Swift: the steps and numbers of functions_template.h.
enum ReferenceFunctions {
  static func value(_ function: Elementwise.Function, _ x: Float) -> Float {
    switch function {
    case .exp: exp(x)
    case .sigmoid: 1 / (exp(-x) + 1)
    case .silu: x / (exp(-x) + 1)
    case .softplus: softplus(x)
    case .tanh: tanh(x)
    case .mish: mish(x)
    case .gelu: x * 0.5 * (erf(x * 0x1.6a09e6p-1) + 1)
    case .elu: elu(x)
    case .leakyReLU(let slope): x < 0 ? x * slope : x
    case .relu: x < 0 ? 0 : x
    case .sin: sine(x, quarters: 0)
    case .cos: sine(x, quarters: 1)
    case .scale(let factor): x * factor
    }
  }

  /// The polynomial of the coefficients, highest power first.
  private static func polynomial(_ x: Float, _ coefficients: [Float]) -> Float {
    coefficients.dropFirst().reduce(coefficients[0]) { $1.addingProduct($0, x) }
  }

  private static let round: Float = 12_582_912  // 1.5 * 2^23

  private static func expRest(_ r: Float) -> Float {
    polynomial(r, [0x1.6dbc68p-10, 0x1.124148p-7, 0x1.555454p-5, 0x1.555486p-3, 0.5])
  }

  static func exp(_ number: Float) -> Float {
    let x: Float = number > 89 ? 89 : number < -104 ? -104 : number
    let shifted = round.addingProduct(x, 0x1.715476p+0)
    let n = shifted - round
    var r = x.addingProduct(n, -0x1.62e430p-1)
    r.addProduct(n, 0x1.05c610p-29)
    let p = polynomial(r, [expRest(r), 1, 1])
    let whole = Int32(bitPattern: shifted.bitPattern) &- 0x4b40_0000
    let half = whole >> 1
    return p * power(half) * power(whole &- half)
  }

  private static func power(_ exponent: Int32) -> Float {
    Float(bitPattern: UInt32(bitPattern: (exponent &+ 127) << 23))
  }

  private static func softplus(_ x: Float) -> Float {
    let t = exp(-abs(x))
    let s = t / (t + 2)
    let z = s * s
    let q = polynomial(
      z, [0x1.f1aee0p-4, 0x1.b6d6a4p-4, 0x1.250972p-3, 0x1.9996a8p-3, 0x1.555558p-2])
    let rest = (s + s).addingProduct((s + s) * z, q)
    return x > 20 ? x : (x < 0 ? 0 : x) + rest
  }

  private static func tanh(_ x: Float) -> Float {
    let a = abs(x)
    guard a < 0.625 else { return signed(1 - 2 / (exp(a + a) + 1), x) }
    let z = x * x
    let q = polynomial(
      z, [-0x1.76ac1ap-8, 0x1.5256d8p-6, -0x1.b84448p-5, 0x1.110768p-3, -0x1.555534p-2])
    return x.addingProduct(x * z, q)
  }

  private static func mish(_ x: Float) -> Float {
    guard !(x > 20) else { return x }
    let e = exp(x)
    let n = e * (e + 2)
    return x * (n / (n + 2))
  }

  private static func erf(_ x: Float) -> Float {
    guard !(abs(x) < 0.92) else {
      return x
        * polynomial(
          x * x,
          [
            0x1.5cd4b2p-14, -0x1.aa3f30p-11, 0x1.54c7f6p-8, -0x1.b80e90p-6, 0x1.ce2e0ap-4,
            -0x1.812742p-2, 0x1.20dd76p+0,
          ])
    }
    let a = abs(x) > 4 ? 4 : abs(x)
    let p = polynomial(
      a,
      [
        0x1.829f82p-17, -0x1.5578acp-12, 0x1.dee7f2p-9, -0x1.85b2f8p-6, 0x1.b340fcp-4,
        0x1.453088p-1, 0x1.20ef5ap+0,
      ])
    return signed(1 - exp(-(p * a)), x)
  }

  private static func elu(_ x: Float) -> Float {
    if x > 0 { return x }
    return x > -0.34 ? x.addingProduct(expRest(x) * x, x) : exp(x) - 1
  }

  static func sine(_ x: Float, quarters: Int32) -> Float {
    let shifted = round.addingProduct(x, 0x1.45f306p-1)
    let n = shifted - round
    var r = x.addingProduct(n, -0x1.921fb6p+0)
    r.addProduct(n, 0x1.777a5cp-25)
    r.addProduct(n, 0x1.ee59dap-50)
    let turn = Int32(bitPattern: shifted.bitPattern) &- 0x4b40_0000 &+ quarters
    let z = r * r
    let value: Float
    if turn & 1 == 0 {
      let s = polynomial(
        z, [0x1.6cbecep-19, -0x1.a00f32p-13, 0x1.111108p-7, -0x1.555556p-3])
      value = r.addingProduct(r * z, s)
    } else {
      let c = polynomial(
        z, [-0x1.2417e0p-22, 0x1.a010c4p-16, -0x1.6c16b8p-10, 0x1.555556p-5])
      value = Float(1).addingProduct(z, -0.5).addingProduct(z * z, c)
    }
    return turn & 2 == 0 ? value : -value
  }

  private static func signed(_ p: Float, _ x: Float) -> Float {
    Float(bitPattern: p.bitPattern ^ (x.bitPattern & 0x8000_0000))
  }
}
