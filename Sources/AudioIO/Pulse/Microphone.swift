import Dataflow

/// A recording device, or a monitor of a playing one, of PulseAudio or PipeWire as a source.
///
/// ```swift
/// let microphone = try await Microphone()
/// while let block = try await microphone.next() { … }
/// ```
///
/// The sound server is never made to wait: where ``next()`` comes too late, new blocks are dropped
/// and counted. When the device or its server goes, the blocks go on in silence, at the clock's
/// rate, until it is back.
public final class Microphone: AudioSource {
  /// Where every sample went.
  ///
  /// `received + replaced = 1280 x (delivered + dropped) + unfinished`, always and exactly.
  public struct Counts: Hashable, Sendable {
    /// Samples that the server gave.
    public var received = 0
    /// Silent samples in place of ones that the server lost or that no device gave.
    public var replaced = 0
    /// Blocks that the reader got or will get.
    public var delivered = 0
    /// Blocks dropped because the reader was late.
    public var dropped = 0
    /// Samples of a block that is not whole.
    public var unfinished = 0
  }

  private struct Captured: Sendable {
    let samples: [Int16]
    let events: [AudioDeviceEvent]
    let missing: Int
  }

  /// Cuts blocks; used with the loop's lock alone.
  private final class Capture {
    private let inlet: ForeignInlet<Captured>
    private var framer = BlockFramer<Int16>(size: SourceBlock.sampleCount)
    private var events: [AudioDeviceEvent] = []
    private var missing = 0
    private var counts = Counts()

    init(_ inlet: ForeignInlet<Captured>) { self.inlet = inlet }

    func append(_ samples: UnsafeBufferPointer<Int16>?, _ count: Int) {
      if let samples {
        counts.received += count
        framer.append(samples)
      } else {
        counts.replaced += count
        missing += count
        framer.append(repeatElement(0, count: count))
      }
      while let block = framer.next() {
        // Missing samples are told with the block in which they end.
        let captured = Captured(samples: block, events: events, missing: missing)
        if inlet.put(captured) { (events, missing) = ([], 0) }
      }
    }

    func append(_ event: AudioDeviceEvent) { events.append(event) }

    func snapshot() -> Counts {
      var counts = counts
      counts.delivered = inlet.counts.accepted
      counts.dropped = inlet.counts.dropped
      counts.unfinished = framer.count
      return counts
    }

    func finish() { inlet.finish() }
  }

  private let reader: EdgeReader<Arrival<Captured>>
  private let loop: PulseLoop
  // Both are touched with the loop's lock alone.
  nonisolated(unsafe) private let capture: Capture
  nonisolated(unsafe) private let stream: PulseStream

  /// Opens a device and starts to record: 16 kHz, one channel, 16 bits.
  ///
  /// - Parameters:
  ///   - device: The device's name (``PulseDevices/list(server:)``); nil for the default one.
  ///   - server: The server's address; nil for the user's own.
  ///   - latency: The size of the pieces that are asked of the server.
  ///   - backlog: How many blocks may wait for a late reader before new ones are dropped.
  /// - Throws: ``PulseError``.
  public init(
    device: String? = nil, server: String? = nil, latency: Duration = .milliseconds(20),
    backlog: Int = 8
  ) async throws(PulseError) {
    let (inlet, reader) = makeInlet(
      of: Captured.self, name: EdgeName("microphone", to: .capture), capacity: backlog)
    let loop = try PulseLoop()
    let capture = Capture(inlet)
    let client = PulseStream.Client(
      captured: { capture.append($0, $1) },
      passed: { capture.append(nil, $0) },
      lost: { event, _ in capture.append(event) },
      returned: { capture.append($0) })
    let stream = PulseStream(
      loop.interface,
      PulseStream.Settings(
        direction: .capture, server: server, device: device,
        sampleRate: SourceBlock.sampleRate, latency: latency),
      client: client)
    (self.reader, self.loop, self.capture, self.stream) = (reader, loop, capture, stream)
    try await loop.open(stream)
  }

  deinit { close() }

  /// Where every sample went so far.
  public var counts: Counts { loop.locked { capture.snapshot() } }

  /// Takes the next block.
  ///
  /// - Returns: The block; nil after ``close()``, once what was there is taken.
  /// - Throws: `CancellationError`.
  public func next() async throws -> SourceBlock? {
    guard let arrival = try await reader.receive() else { return nil }
    let captured = arrival.element
    return SourceBlock(
      samples: SampleRounding.floats(captured.samples), droppedBefore: arrival.droppedBefore,
      events: captured.events, defects: SampleDefects(missing: captured.missing))
  }

  /// Gives the device back; blocks that wait can still be taken.
  public func close() {
    loop.locked {
      stream.close()
      capture.finish()
    }
  }
}
