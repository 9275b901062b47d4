import CPulse

/// The owner of a connection to a server; made, used and released with the loop's lock.
final class PulseContext {
  let pointer: OpaquePointer
  let server: String?
  private let changed: () -> Void

  /// Makes it without connecting; `changed` is called with the lock at each change of state.
  init(
    _ interface: UnsafeMutablePointer<pa_mainloop_api>, server: String?,
    changed: @escaping () -> Void
  ) {
    guard let pointer = pa_context_new(interface, "salmonn-omni") else {
      fatalError("No memory for a connection to a sound server")
    }
    (self.pointer, self.server, self.changed) = (pointer, server, changed)
    pa_context_set_state_callback(
      pointer,
      { _, context in
        guard let context else { return }
        Unmanaged<PulseContext>.fromOpaque(context).takeUnretainedValue().changed()
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit {
    pa_context_set_state_callback(pointer, nil, nil)
    pa_context_disconnect(pointer)
    pa_context_unref(pointer)
  }

  func connect() throws(PulseError) {
    let result = pa_context_connect(pointer, server, PA_CONTEXT_NOFLAGS, nil)
    guard result < 0 else { return }
    throw error("connect")
  }

  var isReady: Bool { pa_context_get_state(pointer) == PA_CONTEXT_READY }

  var hasFailed: Bool {
    let state = pa_context_get_state(pointer)
    return state == PA_CONTEXT_FAILED || state == PA_CONTEXT_TERMINATED
  }

  /// Why the last call failed.
  func error(_ call: String, device: String? = nil) -> PulseError {
    let number = pa_context_errno(pointer)
    return PulseError(
      number: number == 0 ? Int32(PA_ERR_UNKNOWN.rawValue) : number, call: call, server: server,
      device: device)
  }
}
