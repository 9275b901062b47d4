import Checkpoints

/// How positions turn queries and keys.
public struct RotaryConfiguration: Sendable, Equatable {
  /// The base: frequency i of a head of width d is `base^(-2i/d)`.
  public let base: Double
  /// How the frequencies are slowed down for contexts longer than the first training's.
  public let scaling: Scaling

  /// How the frequencies are slowed down.
  public enum Scaling: Sendable, Equatable {
    /// Not at all.
    case none
    /// Llama 3's rule: long waves by the factor, short waves not, those between in between.
    case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, context: Double)
    /// Each frequency divided by its own number, as in the `rope_freqs` tensor of a GGUF file.
    case divisors([Double])
  }

  /// Puts base and scaling together.
  public init(base: Double, scaling: Scaling = .none) {
    self.base = base
    self.scaling = scaling
  }

  func check(headSize: Int) throws(CheckpointError) {
    try Self.check("rope_theta", base, 1...1e12)
    switch scaling {
    case .none: break
    case .llama3(let factor, let low, let high, let context):
      try Self.check("rope_scaling.factor", factor, 1...1e6)
      try Self.check("rope_scaling.low_freq_factor", low, 1e-6...1e6)
      try Self.check("rope_scaling.high_freq_factor", high, 1e-6...1e6)
      try Self.check("rope_scaling.original_max_position_embeddings", context, 1...1e9)
      guard low < high else {
        throw CheckpointError(
          .mismatch, subject: "rope_scaling.high_freq_factor",
          reason: "is \(high), expected more than the low one, \(low)")
      }
    case .divisors(let divisors):
      guard divisors.count == headSize / 2 else {
        throw CheckpointError(
          .mismatch, subject: "rope_freqs",
          reason: "has \(divisors.count) numbers, expected \(headSize / 2)")
      }
      for divisor in divisors { try Self.check("rope_freqs", divisor, 1e-6...1e6) }
    }
  }

  private static func check(
    _ key: String, _ value: Double, _ range: ClosedRange<Double>
  ) throws(CheckpointError) {
    guard range.contains(value) else {
      throw CheckpointError(
        .mismatch, subject: key,
        reason: "is \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
  }
}
