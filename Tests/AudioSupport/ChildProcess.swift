package import Foundation

/// A process that writes into a pipe; it is read and waited for by a thread of its own.
///
/// `Process` waits on a run loop, which the threads of tests do not have.
package struct ChildProcess: Sendable {
  package struct SpawnError: Error, CustomStringConvertible {
    package let description: String
  }

  package let identifier: pid_t

  /// Starts a command.
  ///
  /// - Parameters:
  ///   - arguments: The command, looked up in the path, and its arguments.
  ///   - environment: Its environment; nil for ours.
  ///   - output: Called with each piece of what it writes to standard output and error.
  ///   - ended: Called once, with how it ended as a shell would say it.
  /// - Throws: `SpawnError` where it cannot be started.
  package init(
    _ arguments: [String], environment: [String: String]? = nil,
    output: @escaping @Sendable (String) -> Void, ended: @escaping @Sendable (Int32) -> Void
  ) throws {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw SpawnError(description: "no pipe: \(errno)") }
    let (reading, writing) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(writing) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, writing, 1)
    posix_spawn_file_actions_adddup2(&actions, writing, 2)
    // Swift Testing blocks signals in its threads, and a child inherits that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    let variables = (environment ?? ProcessInfo.processInfo.environment).map { "\($0)=\($1)" }
    var child = pid_t()
    let code = Self.withCStrings(arguments) { arguments in
      Self.withCStrings(variables) { variables in
        posix_spawnp(
          &child, arguments[0] ?? strdup(""), &actions, &attributes, arguments, variables)
      }
    }
    guard code == 0 else {
      close(reading)
      throw SpawnError(description: "\(arguments[0]): \(String(cString: strerror(code)))")
    }
    identifier = child
    let identifier = child
    Thread {
      var piece = [UInt8](repeating: 0, count: 1 << 14)
      while case let count = read(reading, &piece, piece.count), count > 0 || errno == EINTR {
        if count > 0 { output(String(decoding: piece[..<count], as: UTF8.self)) }
        if count == 0 { break }
      }
      close(reading)
      var status: Int32 = 0
      while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
      ended(status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f)
    }.start()
  }

  private static func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}
