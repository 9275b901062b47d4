import Foundation

/// Sound levels.
package enum Level {
  /// The root mean square of samples in dB of full scale; minus infinity for silence.
  package static func decibels(_ samples: [Float]) -> Float {
    let energy = samples.reduce(Float(0)) { $0 + $1 * $1 } / Float(max(samples.count, 1))
    return 10 * log10(energy)
  }
}
