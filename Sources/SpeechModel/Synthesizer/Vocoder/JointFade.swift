import Foundation

/// Joins samples that were put out before all they depend on was known.
///
/// Every step brings a better version of what follows the last sample put out. Over the first
/// samples of it a raised cosine leads from the version before to the new one, so that there is no
/// jump at a joint: both versions begin right after the last sample, and the first of them still
/// continues it.
struct JointFade: Sendable {
  /// The longest fade.
  private let samples: Int
  /// Samples put out.
  private var out = 0
  /// Samples that were exact in steps before; at most `out`.
  private var known = 0
  /// The version before, from sample `out` on.
  private var previous: [Float] = []

  init(samples: Int) { self.samples = samples }

  /// Takes the next exact samples and those that would follow; gives samples `out..<until`.
  mutating func step(exact: [Float], ahead: [Float], until: Int) -> [Float] {
    let version = (exact + ahead).dropFirst(out - known)
    known += exact.count
    var result = Array(version.prefix(until - out))
    let length = min(samples, result.count, previous.count)
    for i in 0..<length {
      let share = 0.5 - 0.5 * cos(Float.pi * (Float(i) + 0.5) / Float(length))
      result[i] = previous[i] + (result[i] - previous[i]) * share
    }
    previous = Array(version.dropFirst(until - out).prefix(samples))
    out = until
    return result
  }

  mutating func reset() { (out, known, previous) = (0, 0, []) }
}
