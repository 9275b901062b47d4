import Dataflow

/// Holds blocks back until they would have been heard, by any clock.
struct BlockPacer: Sendable {
  private let wait: @Sendable (Duration) async throws -> Void

  /// Starts at the first wait.
  init(_ clock: any Clock<Duration>) { self.init(opened: clock) }

  private init<Time: Clock<Duration>>(opened clock: Time) {
    let start = Protected<Time.Instant?>(nil)
    wait = { offset in
      let begin = start.withLock { start in
        let begin = start ?? clock.now
        start = begin
        return begin
      }
      let due = begin.advanced(by: offset)
      if clock.now < due { try await clock.sleep(until: due, tolerance: nil) }
    }
  }

  /// Waits until the block is over.
  func waitForEnd(of block: BlockIndex) async throws { try await wait(block.end) }
}
