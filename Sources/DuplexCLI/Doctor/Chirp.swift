import Foundation

/// A sweep of a quarter of a second, and where and how loud it comes back in a recording.
package struct Chirp: Sendable {
  /// How a chirp comes back.
  package struct Echo: Hashable, Sendable {
    /// The sample of the recording at which it begins.
    package let position: Int
    /// Its amplitude as a share of what was played.
    package let gain: Float
    /// How much of what was recorded there is the chirp: 1 for all.
    package let likeness: Float

    /// The level against what was played, in dB.
    package var decibels: Float { 20 * log10(max(gain, 1e-9)) }
  }

  /// The samples: 300 to 3,500 Hz in 250 ms at 16 kHz, 10 ms of fade at both ends.
  package let samples: [Float]

  package init() {
    let (rate, seconds, low, high) = (16_000.0, 0.25, 300.0, 3_500.0)
    let count = Int(rate * seconds)
    samples = (0..<count).map { index in
      let time = Double(index) / rate
      let phase = 2 * Double.pi * (low * time + (high - low) * time * time / (2 * seconds))
      let edge = min(1, Double(min(index, count - 1 - index)) / (0.01 * rate))
      return Float(0.5 * edge * sin(phase))
    }
  }

  /// Finds the chirp by cross-correlation; nil where nothing is like it.
  package func find(in recording: [Float]) -> Echo? {
    guard recording.count >= samples.count else { return nil }
    let energy = samples.reduce(0) { $0 + $1 * $1 }
    var best: Echo?
    for position in 0...(recording.count - samples.count) {
      let heard = recording[position..<position + samples.count]
      let product = zip(samples, heard).reduce(Float(0)) { $0 + $1.0 * $1.1 }
      guard product > (best?.gain ?? 0) * energy else { continue }
      let power = heard.reduce(Float(0)) { $0 + $1 * $1 }
      best = Echo(
        position: position, gain: product / energy,
        likeness: product / (energy * power).squareRoot())
    }
    guard let best, best.likeness > 0.2 else { return nil }
    return best
  }
}
