import Foundation
import SpeechModel
import TestSupport
import Testing

struct VocoderMathTests {
  @Test(arguments: [Float(1), 10, 100, 1000, 10000], [1, 7, 8, 19])
  func `snake agrees with double precision`(range: Float, channels: Int) {
    let plain = FilledTensors.plainValues(name: "snake", count: channels * 50)
    let x = plain.map { Float($0) * range }
    let alpha = FilledTensors.values(name: "alpha", shape: [channels])
    var found = x
    VocoderMath.snake(&found, alpha: alpha, inverse: alpha.map { 1 / ($0 + 1e-9) })
    let added = x.indices.map { i -> Float in
      let a = alpha[i % channels]
      let s = sin(Double(x[i] * a))
      return x[i] + Float(s * s) / a
    }
    // The result is rounded at the size of x.
    #expect(largestDifference(found, added) <= 3e-7 + range * 1.3e-7)
  }

  @Test func `the sine of turns agrees with double precision`() {
    let turns = FilledTensors.plainValues(name: "turns", count: 10003).map { Float($0 / 2) }
    var found = turns
    VocoderMath.sineOfTurns(&found)
    let expected = turns.map { Float(sin(2 * Double.pi * Double($0))) }
    #expect(largestDifference(found, expected) < 4e-7)
    #expect(rms(found) > 0.6)
  }

  @Test func `rectifiers keep what is positive`() {
    let x: [Float] = [-20, -1, -1e-4, 0, 1e-4, 1, 20]
    var leaky = x
    VocoderMath.leakyReLU(&leaky, slope: 0.1)
    #expect(leaky == [-2, -0.1, -1e-4 * 0.1, 0, 1e-4, 1, 20])
    var exponential = x
    VocoderMath.elu(&exponential)
    let expected = x.map { $0 > 0 ? $0 : Float(expm1(Double($0))) }
    #expect(largestDifference(exponential, expected) < 1e-7)
  }
}
