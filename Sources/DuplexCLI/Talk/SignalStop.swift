import Dataflow
import Dispatch
import Glibc

/// Ends a conversation at Ctrl-C or a request to terminate; at the second one the process ends at
/// once.
final class SignalStop {
  private static let numbers = [SIGINT, SIGTERM, SIGHUP]
  private let sources: [any DispatchSourceSignal]

  /// From now on signals are taken.
  ///
  /// - Parameters:
  ///   - atOnce: What to do before the process ends at the second signal.
  ///   - stop: What to do at the first one.
  init(atOnce: @escaping @Sendable () -> Void = {}, _ stop: @escaping @Sendable () -> Void) {
    let count = Protected(0)
    let queue = DispatchQueue(label: "signals")
    sources = Self.numbers.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        let isFirst = count.withLock { count in
          count += 1
          return count == 1
        }
        if isFirst { return stop() }
        atOnce()
        _exit(128 + number)
      }
      source.resume()
      return source
    }
  }

  /// Signals do again what they did before.
  func end() {
    for source in sources { source.cancel() }
    for number in Self.numbers { signal(number, SIG_DFL) }
  }
}
