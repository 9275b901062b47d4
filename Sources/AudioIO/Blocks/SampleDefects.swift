/// What was wrong with samples and was mended, as counts.
public struct SampleDefects: Hashable, Sendable {
  /// Samples that were no number or infinite, and became 0.
  public var notFinite: Int
  /// Samples outside of -1 to 1, and limited to it.
  public var clipped: Int
  /// Silent samples in place of some that the sound server lost, or of a device that was away.
  public var missing: Int

  /// Makes the counts.
  ///
  /// - Parameters:
  ///   - notFinite: Samples that were no number or infinite.
  ///   - clipped: Samples that were limited.
  ///   - missing: Silent samples in place of lost ones.
  public init(notFinite: Int = 0, clipped: Int = 0, missing: Int = 0) {
    (self.notFinite, self.clipped, self.missing) = (notFinite, clipped, missing)
  }

  /// Whether nothing was wrong.
  public var isEmpty: Bool { self == SampleDefects() }

  /// Adds other counts.
  ///
  /// - Parameters:
  ///   - left: The counts to add to.
  ///   - right: The counts to add.
  public static func += (left: inout SampleDefects, right: SampleDefects) {
    left.notFinite += right.notFinite
    left.clipped += right.clipped
    left.missing += right.missing
  }
}
