import CPulse

/// A device of a sound server.
public struct SoundDevice: Hashable, Sendable {
  /// Which way sound goes.
  public enum Kind: String, Hashable, Sendable {
    /// Something that can be recorded, a monitor of a sink included.
    case source
    /// Something that can be played to.
    case sink
  }

  /// Which way sound goes.
  public let kind: Kind
  /// The name to ask for it by.
  public let name: String
  /// The name to show.
  public let description: String
  /// Whether it is the one that is used where none is named.
  public let isDefault: Bool
  /// Whether it records what a sink plays.
  public let isMonitor: Bool
  /// Its own rate, in samples per second; the server converts.
  public let sampleRate: Int
  /// Its own number of channels; the server mixes.
  public let channels: Int
}

/// The devices of a sound server.
public enum PulseDevices {
  /// Asks a server for its devices.
  ///
  /// - Parameter server: The server's address; nil for the user's own.
  /// - Returns: Sources and then sinks, in the server's order.
  /// - Throws: ``PulseError``.
  public static func list(server: String? = nil) async throws(PulseError) -> [SoundDevice] {
    let loop = try PulseLoop()
    nonisolated(unsafe) let query = DeviceQuery(loop.interface, server: server)
    let result = await withCheckedContinuation { continuation in
      loop.locked { query.start(continuation) }
    }
    loop.locked { query.close() }
    return try result.get()
  }
}

/// One question to a server; used with the loop's lock.
private final class DeviceQuery {
  private let interface: UnsafeMutablePointer<pa_mainloop_api>
  private let server: String?
  private var context: PulseContext?
  private var timer: PulseTimer?
  private var continuation: CheckedContinuation<Result<[SoundDevice], PulseError>, Never>?
  private var devices: [SoundDevice] = []
  private var defaults: [SoundDevice.Kind: String] = [:]

  init(_ interface: UnsafeMutablePointer<pa_mainloop_api>, server: String?) {
    (self.interface, self.server) = (interface, server)
  }

  func start(
    _ continuation: CheckedContinuation<Result<[SoundDevice], PulseError>, Never>
  ) {
    self.continuation = continuation
    timer = PulseTimer(interface) { [unowned self] in
      end(.failure(PulseError(.timedOut, call: "list the devices", server: server)))
    }
    timer?.fire(after: .seconds(5))
    let context = PulseContext(interface, server: server) { [unowned self] in changed() }
    self.context = context
    do {
      try context.connect()
    } catch {
      end(.failure(error))
    }
  }

  func close() { (context, timer) = (nil, nil) }

  private func end(_ result: Result<[SoundDevice], PulseError>) {
    continuation.take()?.resume(returning: result)
  }

  private func changed() {
    guard let context else { return }
    if context.hasFailed { return end(.failure(context.error("connect"))) }
    guard context.isReady else { return }
    let pointer = Unmanaged.passUnretained(self).toOpaque()
    // Answers come in the order of the questions.
    begin(
      pa_context_get_server_info(
        context.pointer,
        { _, info, query in
          guard let info = info?.pointee, let query = DeviceQuery.from(query) else { return }
          query.defaults[.source] = info.default_source_name.map { String(cString: $0) }
          query.defaults[.sink] = info.default_sink_name.map { String(cString: $0) }
        }, pointer))
    begin(
      pa_context_get_source_info_list(
        context.pointer,
        { _, info, end, query in
          guard let query = DeviceQuery.from(query) else { return }
          guard end == 0, let info = info?.pointee else { return query.listed(end) }
          query.add(
            .source, info.name, info.description, info.sample_spec,
            isMonitor: info.monitor_of_sink != UInt32.max)
        }, pointer))
    begin(
      pa_context_get_sink_info_list(
        context.pointer,
        { _, info, end, query in
          guard let query = DeviceQuery.from(query) else { return }
          guard end == 0, let info = info?.pointee else {
            return query.listed(end, isLast: true)
          }
          query.add(.sink, info.name, info.description, info.sample_spec, isMonitor: false)
        }, pointer))
  }

  private func begin(_ operation: OpaquePointer?) {
    if let operation { return pa_operation_unref(operation) }
    if let context { end(.failure(context.error("list the devices"))) }
  }

  private func listed(_ end: Int32, isLast: Bool = false) {
    if end < 0, let context {
      self.end(.failure(context.error("list the devices")))
    } else if isLast {
      self.end(.success(devices))
    }
  }

  private func add(
    _ kind: SoundDevice.Kind, _ name: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?,
    _ specification: pa_sample_spec, isMonitor: Bool
  ) {
    guard let name = name.map({ String(cString: $0) }) else { return }
    devices.append(
      SoundDevice(
        kind: kind, name: name, description: text.map { String(cString: $0) } ?? name,
        isDefault: defaults[kind] == name, isMonitor: isMonitor,
        sampleRate: Int(specification.rate), channels: Int(specification.channels)))
  }

  private static func from(_ pointer: UnsafeMutableRawPointer?) -> DeviceQuery? {
    pointer.map { Unmanaged<DeviceQuery>.fromOpaque($0).takeUnretainedValue() }
  }
}
