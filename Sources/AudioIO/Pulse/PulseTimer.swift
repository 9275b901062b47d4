import CPulse

/// A timer on the main loop, on the monotonic clock; used with the loop's lock.
final class PulseTimer {
  private let interface: UnsafeMutablePointer<pa_mainloop_api>
  /// Never connected: libpulse gives monotonic timers to contexts alone.
  private let clock: OpaquePointer
  private var event: OpaquePointer?
  private let action: () -> Void

  init(_ interface: UnsafeMutablePointer<pa_mainloop_api>, action: @escaping () -> Void) {
    self.interface = interface
    self.action = action
    guard let clock = pa_context_new(interface, "clock") else {
      fatalError("No memory for a timer")
    }
    self.clock = clock
    event = pa_context_rttime_new(
      clock, Self.never,
      { _, _, _, timer in
        guard let timer else { return }
        Unmanaged<PulseTimer>.fromOpaque(timer).takeUnretainedValue().action()
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit {
    if let event { interface.pointee.time_free?(event) }
    pa_context_unref(clock)
  }

  /// Microseconds of the monotonic clock.
  static var now: UInt64 { pa_rtclock_now() }

  private static let never = pa_usec_t.max

  func fire(after duration: Duration) {
    guard let event else { return }
    pa_context_rttime_restart(clock, event, Self.now + UInt64(max(0, duration.seconds) * 1e6))
  }

  func stop() {
    guard let event else { return }
    pa_context_rttime_restart(clock, event, Self.never)
  }
}
