/// Where every sample that was given to a speaker went.
///
/// `given = played + dropped + waiting`, always and exactly.
public struct PlayoutCounts: Hashable, Sendable {
  /// Samples that were put.
  public var given = 0
  /// Samples that the device took, and played as far as is known.
  public var played = 0
  /// Samples thrown away.
  public var dropped = 0
  /// Samples that wait for the device.
  public var waiting = 0
  /// Silent samples that the device took for want of others, after the first block and before
  /// the end.
  public var underrun = 0

  /// Makes counts of nothing.
  public init() {}
}
