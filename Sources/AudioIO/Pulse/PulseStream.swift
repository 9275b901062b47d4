import CPulse
import Dataflow

/// A stream to or from a device that comes back when the device or the server does.
///
/// Everything in it runs with the main loop's lock: its callbacks on the loop's thread, and what
/// its owner calls inside `PulseLoop.locked`. It never waits.
final class PulseStream {
  /// What is on the other side, called with the loop's lock.
  struct Client {
    /// Samples arrived; or so many were lost where there is no buffer.
    var captured: (UnsafeBufferPointer<Int16>?, Int) -> Void = { _, _ in }
    /// The device wants so many samples, and plays them after a delay.
    var supply: (Int, Duration) -> [Int16] = { _, _ in [] }
    /// The device played so much silence because it was served too late.
    var underflowed: (Int) -> Void = { _ in }
    /// So many samples would have passed, had there been a device.
    var passed: (Int) -> Void = { _ in }
    /// A device went, with so much sound in it not yet heard.
    var lost: (AudioDeviceEvent, Int) -> Void = { _, _ in }
    /// The device is in use again.
    var returned: (AudioDeviceEvent) -> Void = { _ in }
  }

  struct Settings {
    enum Direction { case capture, playback }
    var direction: Direction
    var server: String?
    var device: String?
    var sampleRate: Int
    /// What is asked of the server: the size of a piece captured, or the sound ahead in playback.
    var latency: Duration
  }

  private enum Phase { case opening, running, lost, closed }

  /// How long a server may take to answer before it counts as gone.
  private static let patience = Duration.seconds(5)
  /// How often is looked whether sound flows, and how many looks may find none.
  private static let watch = Duration.milliseconds(500)
  private static let idleWatches = 4
  /// The grain in which time passes without a device.
  private static let grain = Duration.milliseconds(20)
  private static let retryLimit = Duration.seconds(1)

  let settings: Settings
  private let interface: UnsafeMutablePointer<pa_mainloop_api>
  private let client: Client
  private var phase = Phase.opening
  private var context: PulseContext?
  private var stream: OpaquePointer?
  private var opening: CheckedContinuation<PulseError?, Never>?
  private var draining: [CheckedContinuation<Void, Never>] = []
  private var deviceName: String

  /// An attempt that has neither succeeded nor failed.
  private var isAttempting = false
  private var mustReconnect = false
  private var retryDelay = Duration.milliseconds(50)
  private var retryTimer: PulseTimer?
  private var watchTimer: PulseTimer?
  private var idle = 0

  /// When sound last flowed, and how many samples have passed without a device since.
  private var lastFlow: UInt64 = 0
  private var passedSamples = 0
  private var lastDelay = Duration.zero
  private var underflowBegan: UInt64?

  init(
    _ interface: UnsafeMutablePointer<pa_mainloop_api>, _ settings: Settings, client: Client
  ) {
    (self.interface, self.settings, self.client) = (interface, settings, client)
    deviceName = settings.device ?? "default"
  }

  func open(_ continuation: CheckedContinuation<PulseError?, Never>) {
    opening = continuation
    retryTimer = PulseTimer(interface) { [unowned self] in retryTimerFired() }
    watchTimer = PulseTimer(interface) { [unowned self] in watchTimerFired() }
    attempt()
  }

  func close() {
    phase = .closed
    (retryTimer, watchTimer) = (nil, nil)
    releaseStream()
    context = nil
    endDraining()
  }

  /// Resumes when the device has played what it was given, or is gone.
  func drain(_ continuation: CheckedContinuation<Void, Never>) {
    guard phase == .running, let stream,
      let operation = pa_stream_drain(
        stream, { _, _, stream in PulseStream.from(stream)?.endDraining() }, userdata)
    else { return continuation.resume() }
    pa_operation_unref(operation)
    draining.append(continuation)
  }

  private func endDraining() {
    for continuation in draining { continuation.resume() }
    draining = []
  }

  // MARK: Connecting

  private func attempt() {
    isAttempting = true
    releaseStream()
    retryTimer?.fire(after: Self.patience)
    if let context, context.isReady, !mustReconnect { return connectStream() }
    mustReconnect = false
    let context = PulseContext(interface, server: settings.server) { [unowned self] in
      contextChanged()
    }
    self.context = context
    do {
      try context.connect()
    } catch {
      failed(error)
    }
  }

  private func contextChanged() {
    guard let context else { return }
    if context.isReady { return connectStream() }
    if context.hasFailed {
      mustReconnect = true
      failed(context.error("connect"))
    }
  }

  private func connectStream() {
    guard isAttempting, let context else { return }
    #if _endian(little)
      let format = PA_SAMPLE_S16LE
    #else
      let format = PA_SAMPLE_S16BE
    #endif
    var specification = pa_sample_spec(
      format: format, rate: UInt32(settings.sampleRate), channels: 1)
    guard let stream = pa_stream_new(context.pointer, "conversation", &specification, nil) else {
      return failed(context.error("make a stream"))
    }
    self.stream = stream
    observe(stream)
    let bytes = UInt32(2 * settings.latency.samples(at: settings.sampleRate))
    var flags = PA_STREAM_ADJUST_LATENCY.rawValue
    flags |= PA_STREAM_AUTO_TIMING_UPDATE.rawValue | PA_STREAM_INTERPOLATE_TIMING.rawValue
    // A device that was asked for by name is waited for; the default one may be moved.
    if settings.device != nil { flags |= PA_STREAM_DONT_MOVE.rawValue }
    let theirs = UInt32.max
    let result: Int32
    switch settings.direction {
    case .capture:
      var sizes = pa_buffer_attr(
        maxlength: theirs, tlength: theirs, prebuf: theirs, minreq: theirs, fragsize: bytes)
      result = pa_stream_connect_record(
        stream, settings.device, &sizes, pa_stream_flags_t(flags))
    case .playback:
      // It starts when half of what it asks for is there: it is given all at once.
      var sizes = pa_buffer_attr(
        maxlength: theirs, tlength: bytes, prebuf: bytes / 4 * 2, minreq: bytes / 8 * 2,
        fragsize: theirs)
      result = pa_stream_connect_playback(
        stream, settings.device, &sizes, pa_stream_flags_t(flags), nil, nil)
    }
    do {
      try check(result, "open the device", server: settings.server, device: settings.device)
    } catch {
      failed(error)
    }
  }

  private func streamChanged() {
    guard let stream else { return }
    switch pa_stream_get_state(stream) {
    case PA_STREAM_READY: ready(stream)
    case PA_STREAM_FAILED, PA_STREAM_TERMINATED:
      guard let context else { return }
      failed(context.error("open the device", device: settings.device))
    default: break
    }
  }

  /// A device that was lost is back when sound flows; until then the attempt goes on.
  private func ready(_ stream: OpaquePointer) {
    if let name = pa_stream_get_device_name(stream) { deviceName = String(cString: name) }
    if phase == .opening { run() }
    opening.take()?.resume(returning: nil)
  }

  private func run() {
    isAttempting = false
    retryTimer?.stop()
    retryDelay = .milliseconds(50)
    phase = .running
    (lastFlow, idle, lastDelay) = (PulseTimer.now, 0, .zero)
    underflowBegan = nil
    watchTimer?.fire(after: Self.watch)
  }

  private func failed(_ error: PulseError) {
    let wasAttempting = isAttempting
    isAttempting = false
    switch phase {
    case .opening:
      phase = .closed
      retryTimer?.stop()
      opening.take()?.resume(returning: error)
    case .running:
      phase = .lost
      passedSamples = 0
      let since = Duration.microseconds(Int64(PulseTimer.now - lastFlow))
      client.lost(
        .lost(device: deviceName),
        max(0, (lastDelay - since).samples(at: settings.sampleRate)))
      lastFlow = PulseTimer.now
      watchTimer?.fire(after: Self.grain)
      retry()
      endDraining()
    case .lost:
      // One failure is told by the call, the stream and the context.
      if wasAttempting { retry() }
    case .closed: break
    }
  }

  private func retry() {
    retryTimer?.fire(after: retryDelay)
    retryDelay = min(retryDelay * 2, Self.retryLimit)
  }

  private func retryTimerFired() {
    guard isAttempting else { return attempt() }
    mustReconnect = true
    failed(PulseError(.timedOut, call: "open the device", server: settings.server))
  }

  private func releaseStream() {
    guard let stream = stream.take() else { return }
    pa_stream_set_state_callback(stream, nil, nil)
    pa_stream_set_read_callback(stream, nil, nil)
    pa_stream_set_write_callback(stream, nil, nil)
    pa_stream_set_underflow_callback(stream, nil, nil)
    pa_stream_set_started_callback(stream, nil, nil)
    pa_stream_disconnect(stream)
    pa_stream_unref(stream)
  }

  // MARK: Time

  private func watchTimerFired() {
    switch phase {
    case .running:
      // A late timer counts once, however late, so that a stopped machine loses no device.
      idle += 1
      if idle > Self.idleWatches {
        mustReconnect = true
        failed(PulseError(.timedOut, call: "wait for sound", server: settings.server))
      } else {
        watchTimer?.fire(after: Self.watch)
      }
    case .lost:
      passTime()
      watchTimer?.fire(after: Self.grain)
    case .opening, .closed: break
    }
  }

  private func passTime() {
    let elapsed = Duration.microseconds(Int64(PulseTimer.now - lastFlow))
    let due = elapsed.samples(at: settings.sampleRate)
    if due > passedSamples { client.passed(due - passedSamples) }
    passedSamples = due
  }

  // MARK: Sound

  private func read(_ stream: OpaquePointer) {
    while pa_stream_readable_size(stream) > 0 {
      var data: UnsafeRawPointer?
      var bytes = 0
      guard pa_stream_peek(stream, &data, &bytes) >= 0, bytes > 0 else { return }
      flowed()
      // Without data it is a hole: the server had more than it could keep.
      let buffer = data.map {
        UnsafeBufferPointer(start: $0.assumingMemoryBound(to: Int16.self), count: bytes / 2)
      }
      client.captured(buffer, bytes / 2)
      guard pa_stream_drop(stream) >= 0 else { return }
    }
  }

  private func write(_ stream: OpaquePointer, bytes: Int) {
    flowed()
    var delay: pa_usec_t = 0
    var isNegative: Int32 = 0
    if pa_stream_get_latency(stream, &delay, &isNegative) >= 0 {
      lastDelay = isNegative != 0 ? .zero : .microseconds(Int64(clamping: delay))
    }
    let samples = client.supply(bytes / 2, lastDelay)
    guard !samples.isEmpty else { return }
    let result = samples.withUnsafeBytes {
      pa_stream_write(stream, $0.baseAddress, $0.count, nil, 0, PA_SEEK_RELATIVE)
    }
    lastDelay += Duration(samples: samples.count, at: settings.sampleRate)
    if result < 0, let context { failed(context.error("play", device: settings.device)) }
  }

  private func flowed() {
    if phase == .lost {
      passTime()
      run()
      client.returned(.returned(device: deviceName))
    }
    lastFlow = PulseTimer.now
    idle = 0
  }

  private func underflowed() { underflowBegan = underflowBegan ?? PulseTimer.now }

  private func started() {
    guard let began = underflowBegan.take() else { return }
    let silence = Duration.microseconds(Int64(PulseTimer.now - began))
    client.underflowed(silence.samples(at: settings.sampleRate))
  }

  // MARK: Callbacks

  private var userdata: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  private static func from(_ pointer: UnsafeMutableRawPointer?) -> PulseStream? {
    pointer.map { Unmanaged<PulseStream>.fromOpaque($0).takeUnretainedValue() }
  }

  private func observe(_ stream: OpaquePointer) {
    pa_stream_set_state_callback(
      stream, { _, stream in PulseStream.from(stream)?.streamChanged() }, userdata)
    switch settings.direction {
    case .capture:
      pa_stream_set_read_callback(
        stream,
        { pointer, _, stream in
          if let pointer { PulseStream.from(stream)?.read(pointer) }
        }, userdata)
    case .playback:
      pa_stream_set_write_callback(
        stream,
        { pointer, bytes, stream in
          if let pointer { PulseStream.from(stream)?.write(pointer, bytes: bytes) }
        }, userdata)
      pa_stream_set_underflow_callback(
        stream, { _, stream in PulseStream.from(stream)?.underflowed() }, userdata)
      pa_stream_set_started_callback(
        stream, { _, stream in PulseStream.from(stream)?.started() }, userdata)
    }
  }
}
