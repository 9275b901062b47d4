/// What happened on the way to the device since the report before.
public struct SinkReport: Hashable, Sendable {
  /// Silent samples that the device played because no block was there.
  public var underrunSamples: Int
  /// Samples that were given and thrown away: to get back to the target delay, or for want of a
  /// device.
  public var droppedSamples: Int
  /// What waits before the device; the device's own delay is included where it is known.
  public var buffered: Duration
  /// What happened to the device.
  public var events: [AudioDeviceEvent]

  /// Makes a report.
  ///
  /// - Parameters:
  ///   - underrunSamples: Silent samples played for want of a block.
  ///   - droppedSamples: Samples given and thrown away.
  ///   - buffered: What waits before the device.
  ///   - events: What happened to the device.
  public init(
    underrunSamples: Int = 0, droppedSamples: Int = 0, buffered: Duration = .zero,
    events: [AudioDeviceEvent] = []
  ) {
    self.underrunSamples = underrunSamples
    self.droppedSamples = droppedSamples
    self.buffered = buffered
    self.events = events
  }
}

/// Where sound goes: a ``Speaker`` or a ``FileSink``.
public protocol AudioSink: Sendable {
  /// The rate of what is put, in samples per second.
  var sampleRate: Int { get }

  /// Gives a block of 80 ms, and waits only while the sink's bounded buffer is full.
  ///
  /// - Important: One writer, one call at a time.
  /// - Parameter samples: One channel at ``sampleRate``; rounded by ``SampleRounding``.
  /// - Returns: What happened since the report before.
  /// - Throws: `CancellationError`, or what keeps the sink from going on.
  func put(_ samples: [Float]) async throws -> SinkReport

  /// Plays out what is left, then returns.
  ///
  /// - Returns: What happened since the report before.
  /// - Throws: `CancellationError`, or what keeps the sink from going on.
  func finish() async throws -> SinkReport
}
