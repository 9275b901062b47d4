/// How much sound waits before the device, and what is done about too much of it.
public struct PlayoutPolicy: Hashable, Sendable {
  /// How much sound is kept ready beyond the block being played, at first and at least.
  public var startingTarget: Duration
  /// How far the target may grow.
  public var maximumTarget: Duration
  /// By how much the target grows after an underrun, and shrinks when it was long enough without.
  public var step: Duration
  /// How long no underrun must have come before the target shrinks.
  public var quietTime: Duration
  /// How much may wait.
  ///
  /// Where ``trims`` is false a put waits then.
  public var capacity: Duration
  /// Whether excess over the target is thrown away rather than made to wait.
  public var trims: Bool

  /// Makes a policy.
  ///
  /// - Parameters:
  ///   - startingTarget: What is kept ready at first and at least.
  ///   - maximumTarget: How far that may grow.
  ///   - step: By how much it grows and shrinks.
  ///   - quietTime: How long without an underrun before it shrinks.
  ///   - capacity: How much may wait; at least two blocks more than the maximum target is sound.
  ///   - trims: Whether excess is thrown away.
  public init(
    startingTarget: Duration, maximumTarget: Duration, step: Duration, quietTime: Duration,
    capacity: Duration, trims: Bool
  ) {
    self.startingTarget = startingTarget
    self.maximumTarget = maximumTarget
    self.step = step
    self.quietTime = quietTime
    self.capacity = capacity
    self.trims = trims
  }

  /// For sound that is made as fast as it is heard: late sound is worse than lost sound.
  ///
  /// The target begins at 20 ms and goes in steps of 20 ms up to 240 ms; it shrinks after 10 s
  /// without an underrun. At most 640 ms wait. Nothing waits for room.
  public static let conversation = PlayoutPolicy(
    startingTarget: .milliseconds(20), maximumTarget: .milliseconds(240),
    step: .milliseconds(20), quietTime: .seconds(10), capacity: .milliseconds(640), trims: true)

  /// For sound that may be made faster than it is heard, such as a file: nothing is thrown away
  /// while there is a device, and a put waits for room.
  public static let patient = PlayoutPolicy(
    startingTarget: .milliseconds(20), maximumTarget: .milliseconds(240),
    step: .milliseconds(20), quietTime: .seconds(10), capacity: .milliseconds(640), trims: false)
}
