import CPulse

/// The owner of a threaded main loop: a thread on which libpulse works and calls back.
///
/// Everything of libpulse that belongs to the loop, and all state that callbacks use, is touched
/// with the loop's lock alone: on its own thread, or inside ``locked(_:)``.
final class PulseLoop: Sendable {
  // Both are set once; libpulse guards what is behind them with the loop's lock.
  nonisolated(unsafe) private let loop: OpaquePointer
  nonisolated(unsafe) let interface: UnsafeMutablePointer<pa_mainloop_api>

  init() throws(PulseError) {
    guard let loop = pa_threaded_mainloop_new(),
      let interface = pa_threaded_mainloop_get_api(loop)
    else { throw PulseError(.server(Int32(PA_ERR_INTERNAL.rawValue)), call: "make a main loop") }
    (self.loop, self.interface) = (loop, interface)
    pa_threaded_mainloop_set_name(loop, "omni-pulse")
    try check(pa_threaded_mainloop_start(loop), "start the main loop", server: nil)
  }

  /// Waits for the thread, so it must not be the thread: nothing that callbacks hold owns a loop.
  deinit {
    pa_threaded_mainloop_stop(loop)
    pa_threaded_mainloop_free(loop)
  }

  func locked<Value>(_ body: () -> Value) -> Value {
    pa_threaded_mainloop_lock(loop)
    defer { pa_threaded_mainloop_unlock(loop) }
    return body()
  }
}

/// Every return code of libpulse passes here.
@discardableResult
func check(
  _ result: Int32, _ call: String, server: String?, device: String? = nil
) throws(PulseError) -> Int32 {
  guard result < 0 else { return result }
  // Functions return the negated code, or -1 (which is the one of access denied as well).
  throw PulseError(number: -result, call: call, server: server, device: device)
}
