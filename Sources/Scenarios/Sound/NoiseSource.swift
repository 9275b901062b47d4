import Dataflow
import Foundation

/// Noises of the background.
enum NoiseSource {
  /// Samples of a kind of noise, of no particular level.
  static func make(
    _ kind: Conditions.Noise, count: Int, using random: inout SplitMix64
  ) -> [Float] {
    switch kind {
    case .none, .babble: [Float](repeating: 0, count: count)
    case .white: (0..<count).map { _ in Float(random.normal()) }
    case .pink: pink(count, using: &random)
    case .brown: brown(count, using: &random)
    case .hum: hum(count, using: &random)
    }
  }

  /// Noise that falls by 3 dB an octave: Paul Kellet's sum of one-pole filters, economy form.
  private static func pink(_ count: Int, using random: inout SplitMix64) -> [Float] {
    var (a, b, c) = (0.0, 0.0, 0.0)
    return (0..<count).map { _ in
      let white = random.normal()
      a = 0.997_65 * a + 0.099_046 * white
      b = 0.963_00 * b + 0.296_516_4 * white
      c = 0.570_00 * c + 1.052_691_3 * white
      return Float(a + b + c + 0.1848 * white)
    }
  }

  /// Noise that falls by 6 dB an octave, above 20 Hz.
  private static func brown(_ count: Int, using random: inout SplitMix64) -> [Float] {
    var state = 0.0
    return (0..<count).map { _ in
      state = 0.992 * state + random.normal()
      return Float(state)
    }
  }

  /// The mains and its harmonics, with a little white noise.
  private static func hum(_ count: Int, using random: inout SplitMix64) -> [Float] {
    let frequency = random.chance(0.5) ? 50.0 : 60.0
    let partials = (1...8).map {
      (Double($0), random.uniform(0.1, 1) / Double($0), random.uniform())
    }
    var table = [Float](repeating: 0, count: 1_600)
    // 100 ms hold whole periods of both frequencies.
    for i in table.indices {
      for (harmonic, gain, phase) in partials {
        let turn = harmonic * frequency * Double(i) / 16_000 + phase
        table[i] += Float(gain * sin(2 * Double.pi * turn))
      }
    }
    return (0..<count).map { table[$0 % 1_600] + Float(0.1 * random.normal()) }
  }
}
