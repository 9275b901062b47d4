import Dataflow

/// A playing device of PulseAudio or PipeWire as a sink.
///
/// ```swift
/// let speaker = try await Speaker(sampleRate: 24_000)
/// let report = try await speaker.put(block)
/// ```
///
/// The device always gets what it asks for: sound, or silence that is counted. When the device or
/// its server goes, time goes on without it: what would have been heard is counted as dropped, so
/// that the conversation and its recording go on, until it is back.
public final class Speaker: AudioSink {
  /// The rate of what is put, in samples per second.
  public let sampleRate: Int
  private let queue: PlayoutQueue
  private let loop: PulseLoop
  // Touched with the loop's lock alone.
  nonisolated(unsafe) private let stream: PulseStream

  /// Opens a device and starts to play silence: one channel, 16 bits.
  ///
  /// - Parameters:
  ///   - sampleRate: The rate of what will be put; the server converts.
  ///   - device: The device's name (``PulseDevices/list(server:)``); nil for the default one.
  ///   - server: The server's address; nil for the user's own.
  ///   - latency: How much sound the server is asked to keep ahead, the device's own included.
  ///   - policy: How much sound waits before that.
  /// - Throws: ``PulseError``.
  public init(
    sampleRate: Int, device: String? = nil, server: String? = nil,
    latency: Duration = .milliseconds(40), policy: PlayoutPolicy = .conversation
  ) async throws(PulseError) {
    let loop = try PulseLoop()
    let queue = PlayoutQueue(sampleRate: sampleRate, policy: policy)
    let client = PulseStream.Client(
      supply: { queue.take($0, deviceDelay: $1) },
      underflowed: { queue.addUnderrun($0) },
      passed: { queue.discard($0) },
      lost: { queue.lose($0, unheard: $1) },
      returned: { queue.append($0) })
    let stream = PulseStream(
      loop.interface,
      PulseStream.Settings(
        direction: .playback, server: server, device: device, sampleRate: sampleRate,
        latency: latency),
      client: client)
    (self.sampleRate, self.queue, self.loop, self.stream) = (sampleRate, queue, loop, stream)
    try await loop.open(stream)
  }

  deinit { close() }

  /// Where every sample went so far.
  public var counts: PlayoutCounts { queue.counts }

  /// How much sound is kept ready now, beyond the block being played.
  public var target: Duration { queue.target }

  /// Gives a block to play.
  ///
  /// It waits only under ``PlayoutPolicy/patient``, for room, and no longer than the sound that
  /// waits lasts: also without a device.
  ///
  /// - Parameter samples: One channel at ``sampleRate``.
  /// - Returns: What happened since the report before.
  /// - Throws: `CancellationError`; the block is not played.
  public func put(_ samples: [Float]) async throws -> SinkReport {
    try await queue.put(SampleRounding.integers(samples).samples)
    return queue.report()
  }

  /// Plays out what is left and gives the device back.
  ///
  /// - Returns: What happened since the report before.
  /// - Throws: `CancellationError`; the device is given back all the same.
  public func finish() async throws -> SinkReport {
    defer { close() }
    try await queue.end()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        loop.locked { stream.drain(continuation) }
      }
    } onCancel: {
      close()
    }
    close()
    try Task.checkCancellation()
    return queue.report()
  }

  /// Gives the device back at once; what waits is not heard.
  public func close() {
    loop.locked { stream.close() }
    queue.close()
  }
}
