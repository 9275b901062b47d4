import Foundation

/// Sound levels.
enum Level {
  /// The root mean square of samples in dB of full scale; minus infinity for silence.
  static func decibels(_ samples: [Float]) -> Float {
    let energy = samples.reduce(Float(0)) { $0 + $1 * $1 } / Float(max(samples.count, 1))
    return 10 * log10(energy)
  }
}
