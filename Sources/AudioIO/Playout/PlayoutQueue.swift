import Dataflow

/// A ``Playout`` between a task that puts and the main loop that takes.
///
/// The lock is held for the pure step alone; the task is resumed after it is released.
final class PlayoutQueue: Sendable {
  private struct Guarded {
    var playout: Playout
    var reported = PlayoutCounts()
    var events: [AudioDeviceEvent] = []
    var deviceDelay = Duration.zero
    var isEnding = false
    var isClosed = false
    var waiter: CheckedContinuation<Void, Never>?

    /// Whether the task has nothing to wait for.
    var mayGoOn: Bool { isClosed || (isEnding ? playout.isEmpty : !playout.isFull) }

    mutating func wakeup() -> CheckedContinuation<Void, Never>? {
      mayGoOn ? waiter.take() : nil
    }
  }

  private let guarded: Protected<Guarded>

  init(sampleRate: Int, policy: PlayoutPolicy) {
    guarded = Protected(Guarded(playout: Playout(sampleRate: sampleRate, policy: policy)))
  }

  var counts: PlayoutCounts { guarded.withLock { $0.playout.counts } }

  var target: Duration {
    guarded.withLock { Duration(samples: $0.playout.target, at: $0.playout.sampleRate) }
  }

  /// The writing task's side.
  func put(_ samples: [Int16]) async throws(CancellationError) {
    try await wait()
    guarded.withLock { guarded in
      guarded.playout.put(samples)
      if guarded.isClosed { guarded.playout.discard(guarded.playout.buffered) }
    }
  }

  /// Says that nothing more will be put, and waits until all is taken.
  func end() async throws(CancellationError) {
    guarded.withLock { guarded in
      guarded.isEnding = true
      guarded.playout.end()
    }
    try await wait()
  }

  /// Nobody will take what waits.
  func close() {
    guarded.withLock { guarded in
      guarded.isClosed = true
      guarded.playout.discard(guarded.playout.buffered)
      return guarded.wakeup()
    }?.resume()
  }

  func report() -> SinkReport {
    guarded.withLock { guarded in
      let counts = guarded.playout.counts
      let queued = Duration(samples: guarded.playout.buffered, at: guarded.playout.sampleRate)
      let report = SinkReport(
        underrunSamples: counts.underrun - guarded.reported.underrun,
        droppedSamples: counts.dropped - guarded.reported.dropped,
        buffered: queued + guarded.deviceDelay, events: guarded.events)
      guarded.reported = counts
      guarded.events = []
      return report
    }
  }

  private func wait() async throws(CancellationError) {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let mayGoOn = guarded.withLock { guarded in
          precondition(guarded.waiter == nil, "One put at a time")
          // A cancellation that came before now finds no waiter; one that comes later does.
          if guarded.mayGoOn || Task.isCancelled { return true }
          guarded.waiter = continuation
          return false
        }
        if mayGoOn { continuation.resume() }
      }
    } onCancel: {
      guarded.withLock { $0.waiter.take() }?.resume()
    }
    if Task.isCancelled { throw CancellationError() }
  }

  // MARK: The main loop's side

  func take(_ count: Int, deviceDelay: Duration) -> [Int16] {
    let (samples, waiter) = guarded.withLock { guarded in
      let samples = guarded.playout.take(count)
      guarded.deviceDelay =
        deviceDelay + Duration(samples: samples.count, at: guarded.playout.sampleRate)
      return (samples, guarded.wakeup())
    }
    waiter?.resume()
    return samples
  }

  func discard(_ count: Int) {
    guarded.withLock { guarded in
      guarded.playout.discard(count)
      return guarded.wakeup()
    }?.resume()
  }

  func lose(_ event: AudioDeviceEvent, unheard: Int) {
    guarded.withLock { guarded in
      guarded.playout.recall(unheard)
      guarded.deviceDelay = .zero
      guarded.events.append(event)
    }
  }

  func append(_ event: AudioDeviceEvent) { guarded.withLock { $0.events.append(event) } }

  func addUnderrun(_ count: Int) { guarded.withLock { $0.playout.addUnderrun(count) } }
}
