import Dataflow
import Foundation

/// A PulseAudio server of the test's own: its socket, state and devices are in a temporary folder.
///
/// ```swift
/// let server = try await PulseServer.start()
/// defer { server.kill() }
/// try await server.addNullSink("speaker")
/// let speaker = try await Speaker(sampleRate: 16_000, device: "speaker", server: server.address)
/// ```
package final class PulseServer: Sendable {
  package struct StartFailure: Error, CustomStringConvertible {
    package let description: String
  }

  /// What to give to a client as its server.
  package let address: String
  private let folder: URL
  private let running = Protected<pid_t?>(nil)

  private init() throws {
    // A socket's path has room for about 100 bytes.
    folder = URL(filePath: "/tmp/omni-pulse-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    address = "unix:\(folder.path)/native"
  }

  deinit {
    kill()
    try? FileManager.default.removeItem(at: folder)
  }

  /// Starts a server without devices and waits until it listens.
  package static func start() async throws -> PulseServer {
    let server = try PulseServer()
    try await server.restart()
    return server
  }

  /// Starts the server, at the same address; after ``kill()``.
  package func restart() async throws {
    let startup = Startup()
    let arguments = [
      "pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
      "--disallow-exit=0", "--disable-shm=1", "--high-priority=0", "--realtime=0",
      "--log-target=stderr", "--log-level=info",
      "-L", "module-native-protocol-unix socket=\(folder.path)/native auth-anonymous=1",
    ]
    let log = try await withCheckedThrowingContinuation {
      (continuation: CheckedContinuation<String?, any Error>) in
      startup.guarded.withLock { $0.waiter = continuation }
      do {
        let process = try ChildProcess(
          arguments, environment: environment, output: { startup.append($0) },
          ended: { _ in startup.end() })
        running.withLock { $0 = process.identifier }
      } catch {
        continuation.resume(throwing: error)
      }
    }
    if let log { throw StartFailure(description: "pulseaudio did not start: \(log)") }
  }

  /// Kills the server as a crash would.
  package func kill() {
    if let process = running.withLock({ $0.take() }) { Foundation.kill(process, SIGKILL) }
  }

  /// Stops the server without ending it: it is there and answers nothing.
  package func freeze() { signal(SIGSTOP) }

  /// Lets a frozen server go on.
  package func thaw() { signal(SIGCONT) }

  /// Loads a module.
  ///
  /// - Returns: Its number, to unload it by.
  @discardableResult
  package func load(_ module: String, _ arguments: [String]) async throws -> Int {
    let output = try await pactl(["load-module", module] + arguments)
    guard let number = Int(output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw StartFailure(description: "pactl load-module \(module): \(output)")
    }
    return number
  }

  package func unload(_ module: Int) async throws {
    try await pactl(["unload-module", String(module)])
  }

  /// Adds a sink that plays to nobody but its monitor, `NAME.monitor`.
  ///
  /// It does not rewind, so that its monitor hears every sample once and in order.
  ///
  /// - Returns: Its module's number.
  @discardableResult
  package func addNullSink(
    _ name: String, rate: Int = 16_000, channels: Int = 1
  ) async throws -> Int {
    try await load(
      "module-null-sink",
      [
        "sink_name=\(name)", "rate=\(rate)", "channels=\(channels)", "format=s16le",
        "norewinds=1",
      ])
  }

  /// Runs `pactl` on this server.
  @discardableResult
  package func pactl(_ arguments: [String]) async throws -> String {
    try await CommandLineTool.run(
      ["pactl", "--server=\(address)"] + arguments, environment: environment)
  }

  private func signal(_ number: Int32) {
    if let process = running.withLock({ $0 }) { Foundation.kill(process, number) }
  }

  private var environment: [String: String] {
    [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "LC_ALL": "C",
      "HOME": folder.path, "XDG_RUNTIME_DIR": folder.path, "PULSE_RUNTIME_PATH": folder.path,
      "PULSE_STATE_PATH": folder.path,
    ]
  }
}

/// Waits for the line that a server writes when it listens.
private final class Startup: Sendable {
  struct Guarded {
    var log = ""
    var waiter: CheckedContinuation<String?, any Error>?
  }

  let guarded = Protected(Guarded())

  func append(_ piece: String) {
    guarded.withLock { guarded -> CheckedContinuation<String?, any Error>? in
      guard guarded.waiter != nil else { return nil }
      guarded.log += piece
      return guarded.log.contains("Daemon startup complete") ? guarded.waiter.take() : nil
    }?.resume(returning: nil)
  }

  func end() {
    let (waiter, log) = guarded.withLock { ($0.waiter.take(), $0.log) }
    waiter?.resume(returning: log)
  }
}
