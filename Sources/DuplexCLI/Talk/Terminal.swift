import Dataflow
import Foundation
import Glibc

/// The terminal at stdout: its size, what it can show, and its state before.
///
/// While a view is open it has the alternate screen, no cursor and no echo; what was there comes
/// back with ``close()``, also when a signal ends the process.
final class Terminal: Sendable {
  /// What the terminal was like; written once, before handlers of signals may read it.
  private nonisolated(unsafe) static var saved: termios?
  /// The terminal once more, so that writing without waiting is not the shell's affair.
  private nonisolated(unsafe) static var output: Int32 = -1
  /// What the terminal did not take yet of a frame.
  private let rest = Protected<ArraySlice<UInt8>>([])
  private let isOpen = Protected(false)
  /// Whether colours are wanted (no-color.org).
  let isColoured: Bool
  /// What to draw with.
  let glyphs: Glyphs

  /// - Returns: nil where stdout is no terminal, or one that cannot move its cursor.
  init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
    guard isatty(STDOUT_FILENO) == 1, let kind = environment["TERM"], kind != "dumb", !kind.isEmpty
    else { return nil }
    isColoured = (environment["NO_COLOR"] ?? "").isEmpty
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty }
    let name = (locale ?? "").uppercased()
    glyphs = name.contains("UTF-8") || name.contains("UTF8") ? .unicode : .ascii
  }

  /// Columns and rows, as they are now.
  var size: (columns: Int, rows: Int) {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
    else { return (80, 24) }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// Takes the screen.
  func open() {
    isOpen.withLock { $0 = true }
    Self.output = Glibc.open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    var now = termios()
    if tcgetattr(STDOUT_FILENO, &now) == 0 {
      Self.saved = now
      // No echo, and no Ctrl-Z: a conversation cannot be halted. Signals by keys stay.
      now.c_lflag &= ~tcflag_t(ECHO)
      withUnsafeMutableBytes(of: &now.c_cc) { $0[Int(VSUSP)] = 0 }
      tcsetattr(STDOUT_FILENO, TCSANOW, &now)
    }
    for number in [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGQUIT] {
      signal(number) { number in
        Terminal.restore()
        signal(number, SIG_DFL)
        raise(number)
      }
    }
    write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J")
  }

  /// Draws from the top left corner.
  ///
  /// It never waits: where the terminal does not take all of a frame, the rest goes out later, and
  /// frames between are left out.
  func draw(_ lines: [StyledLine]) {
    let text = lines.map { (isColoured ? $0.ansi : $0.text) + "\u{1B}[K" }
    write("\u{1B}[H" + text.joined(separator: "\r\n") + "\u{1B}[J")
  }

  /// Gives the screen back; a second call does nothing.
  func close() {
    guard
      isOpen.withLock({ isOpen in
        defer { isOpen = false }
        return isOpen
      })
    else { return }
    Self.restore()
  }

  /// Calls nothing that a handler of signals may not.
  private static func restore() {
    // Without a wait for what was written: a terminal that is held up would never end it.
    if var saved { tcsetattr(STDOUT_FILENO, TCSANOW, &saved) }
    // The first character ends a sequence that is not whole.
    let leave: StaticString = "\u{18}\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l"
    var ready = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
    guard poll(&ready, 1, 200) == 1 else { return }
    _ = Glibc.write(output, leave.utf8Start, leave.utf8CodeUnitCount)
  }

  private func write(_ text: String) {
    rest.withLock { rest in
      if rest.isEmpty || Self.send(&rest) { rest = Array(text.utf8)[...] }
      _ = Self.send(&rest)
    }
  }

  /// Gives the terminal what it takes now.
  ///
  /// - Returns: Whether that was all.
  private static func send(_ bytes: inout ArraySlice<UInt8>) -> Bool {
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(output, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }
}
