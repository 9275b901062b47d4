import CPulse

/// Why a sound server could not be used.
public struct PulseError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: Hashable, Sendable {
    /// No sound server listens.
    case noServer
    /// There is one, and it does not let us in.
    case refused
    /// There is no device of this name, or none at all.
    case noDevice
    /// The server or the device did not answer in time.
    case timedOut
    /// Another error of libpulse, by its number.
    case server(Int32)
  }

  /// The kind of failure.
  public let code: Code
  /// The server that was asked for; nil for the user's own.
  public let server: String?
  /// The device that was asked for; nil for the default one.
  public let device: String?
  /// The names of the devices that there are, where the one asked for is not.
  public let available: [String]
  /// What was being done.
  public let call: String

  init(
    _ code: Code, call: String, server: String? = nil, device: String? = nil,
    available: [String] = []
  ) {
    self.code = code
    self.call = call
    self.server = server
    self.device = device
    self.available = available
  }

  init(number: Int32, call: String, server: String?, device: String? = nil) {
    let code: Code =
      switch pa_error_code(UInt32(clamping: number)) {
      case PA_ERR_CONNECTIONREFUSED, PA_ERR_INVALIDSERVER: .noServer
      case PA_ERR_ACCESS, PA_ERR_AUTHKEY, PA_ERR_CONNECTIONTERMINATED, PA_ERR_PROTOCOL,
        PA_ERR_VERSION:
        .refused
      case PA_ERR_NOENTITY: .noDevice
      case PA_ERR_TIMEOUT: .timedOut
      default: .server(number)
      }
    self.init(code, call: call, server: server, device: device)
  }

  func naming(_ available: [String]) -> PulseError {
    PulseError(code, call: call, server: server, device: device, available: available)
  }

  /// One line with what can be done.
  public var description: String {
    let place = server.map { " at \($0)" } ?? ""
    switch code {
    case .noServer:
      return "no sound server\(place); start PulseAudio or PipeWire, or use omni converse"
    case .refused:
      return "the sound server\(place) refused the connection (\(call)); "
        + "run as the user who owns it"
    case .noDevice:
      let found =
        available.isEmpty ? "there is none" : "there is " + available.joined(separator: ", ")
      return (device.map { "no sound device \($0)" } ?? "no default sound device") + "; \(found)"
    case .timedOut:
      return "the sound server\(place) does not answer (\(call)); restart it"
    case .server(let number):
      let text = pa_strerror(number).map { String(cString: $0) } ?? "error \(number)"
      return "sound server\(place): \(call): \(text)"
    }
  }
}

extension pa_error_code {
  fileprivate init(_ number: UInt32) { self.init(rawValue: number) }
}
