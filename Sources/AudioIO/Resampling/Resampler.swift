/// Streaming conversion of one channel from one rate to another.
///
/// ```swift
/// let resampler = Resampler(from: 44_100, to: 16_000)
/// var samples = resampler.process(first) + resampler.process(second)
/// samples += resampler.finish()
/// ```
///
/// The result is a function of the input alone: neither the sizes of the pieces nor the time
/// change a bit of it. Output has no delay against the input, but comes late by the half width of
/// the filter, about 46 samples of the lower rate.
public final class Resampler {
  /// The rate of what goes in, in samples per second.
  public let inputRate: Int
  /// The rate of what comes out, in samples per second.
  public let outputRate: Int
  private let converter: RateConverter

  /// Makes a resampler.
  ///
  /// - Parameters:
  ///   - inputRate: The rate of what goes in.
  ///   - outputRate: The rate of what comes out.
  /// - Important: A ratio that ``supports(from:to:)`` denies traps.
  public init(from inputRate: Int, to outputRate: Int) {
    precondition(
      Self.supports(from: inputRate, to: outputRate),
      "No conversion from \(inputRate) Hz to \(outputRate) Hz")
    self.inputRate = inputRate
    self.outputRate = outputRate
    converter = RateConverter(ratio: Double(outputRate) / Double(inputRate))
  }

  /// Whether there is a conversion: both rates are positive and neither is more than 256 times
  /// the other.
  ///
  /// - Parameters:
  ///   - inputRate: The rate of what goes in.
  ///   - outputRate: The rate of what comes out.
  /// - Returns: Whether ``init(from:to:)`` may be called.
  public static func supports(from inputRate: Int, to outputRate: Int) -> Bool {
    inputRate > 0 && outputRate > 0
      && RateConverter.supports(ratio: Double(outputRate) / Double(inputRate))
  }

  /// Converts the next piece.
  ///
  /// - Parameter samples: Finite samples at the input's rate; any number of them.
  /// - Returns: What can be said by now, at the output's rate. At equal rates it is the piece.
  public func process(_ samples: [Float]) -> [Float] {
    inputRate == outputRate || samples.isEmpty
      ? samples : converter.convert(samples, isLast: false)
  }

  /// Ends the stream.
  ///
  /// - Returns: The rest, so that all pieces together last as long as the input, and the resampler
  ///   is as new.
  public func finish() -> [Float] {
    guard inputRate != outputRate else { return [] }
    defer { converter.reset() }
    return converter.convert([], isLast: true)
  }

  /// Forgets everything before.
  public func reset() { converter.reset() }
}
