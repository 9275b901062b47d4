import Foundation

/// A sine, and how much of a signal it is.
struct Tone {
  let samples: [Float]

  init(frequency: Double, rate: Int, count: Int, amplitude: Double = 0.5) {
    samples = (0..<count).map {
      Float(amplitude * sin(2 * .pi * frequency * Double($0) / Double(rate)))
    }
  }

  /// The share of a signal's energy that lies within about 2 Hz of a frequency, over frames of
  /// half a second.
  static func share(of frequency: Double, rate: Int, in signal: [Float]) -> Double {
    let frame = rate / 20
    var (at, all) = (0.0, 0.0)
    for start in stride(from: 0, through: signal.count - frame, by: frame) {
      var (cosine, sine, energy) = (0.0, 0.0, 0.0)
      for offset in 0..<frame {
        let phase = 2 * .pi * frequency * Double(start + offset) / Double(rate)
        let sample = Double(signal[start + offset])
        cosine += sample * cos(phase)
        sine += sample * sin(phase)
        energy += sample * sample
      }
      at += (cosine * cosine + sine * sine) * 2 / Double(frame)
      all += energy
    }
    return at / all
  }
}
