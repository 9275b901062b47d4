/// What the vocoder needs of numbers beside the kernels.
package enum VocoderMath {
  private typealias Lanes = SIMD8<Float>

  /// Divides every number.
  static func divide(_ x: inout [Float], by divisor: Float) {
    x.withUnsafeMutableBufferPointer { x in
      for i in 0..<x.count { x[i] /= divisor }
    }
  }

  /// sin(2πu) of phases in turns; best within one turn of zero.
  package static func sineOfTurns(_ turns: inout [Float]) {
    let whole = turns.count - turns.count % Lanes.scalarCount
    turns.withUnsafeMutableBytes { turns in
      for i in stride(from: 0, to: whole * 4, by: Lanes.scalarCount * 4) {
        let x = turns.loadUnaligned(fromByteOffset: i, as: Lanes.self)
        turns.storeBytes(of: sine(x * (2 * Float.pi)), toByteOffset: i, as: Lanes.self)
      }
      for i in stride(from: whole * 4, to: turns.count, by: 4) {
        let x = Lanes(repeating: turns.loadUnaligned(fromByteOffset: i, as: Float.self))
        turns.storeBytes(of: sine(x * (2 * Float.pi))[0], toByteOffset: i, as: Float.self)
      }
    }
  }

  /// sin(x), to 2e-7 for |x| up to 1e4.
  @inline(__always)
  private static func sine(_ x: Lanes) -> Lanes {
    let (sine, halfTurns) = reducedSine(x)
    let parity = halfTurns - rounded(halfTurns * 0.5) * 2
    return sine.replacing(with: -sine, where: parity .!= 0)
  }

  /// sin(x - kπ) with k = round(x / π), and k.
  @inline(__always)
  private static func reducedSine(_ x: Lanes) -> (sine: Lanes, halfTurns: Lanes) {
    let k = rounded(x * (1 / Float.pi))
    // π in three parts, of which the first two have few enough bits for exact products.
    var r = x - k * 3.140625
    r -= k * 9.67502593994140625e-4
    r -= k * 1.509957990978376432e-7
    let s = r * r
    // Taylor's series to the 11th power: 6e-8 at the ends, ±π/2.
    var p = s * -2.5052108e-8 + 2.7557319e-6
    p = p * s - 1.9841270e-4
    p = p * s + 8.3333333e-3
    p = p * s - 1.6666667e-1
    return (r + r * s * p, k)
  }

  /// The nearest whole number, for |x| < 2^22: the addition pushes the fraction out.
  @inline(__always)
  private static func rounded(_ x: Lanes) -> Lanes {
    let big: Float = 12_582_912
    return (x + big) - big
  }
}
