package import Dataflow

/// What every stage measures of its work on a block: when, and a digest and sketch of its output.
package struct Instruments: Sendable {
  /// The time since the session began.
  package let stopwatch: Stopwatch
  /// What to do when a stage begins a block: tests put in costs and faults here.
  package var onBegin: (@Sendable (StageID, BlockIndex) async throws -> Void)?

  package init(
    stopwatch: Stopwatch,
    onBegin: (@Sendable (StageID, BlockIndex) async throws -> Void)? = nil
  ) {
    (self.stopwatch, self.onBegin) = (stopwatch, onBegin)
  }

  /// Marks the beginning of a stage's work on a block.
  func begin(_ stage: StageID, _ trace: inout BlockTrace) async throws {
    trace.start = stopwatch.elapsed
    try await onBegin?(stage, trace.block)
  }

  /// Marks its end.
  func end(
    _ stage: StageID, _ trace: inout BlockTrace, _ output: [Float], tokens: [Int] = []
  ) {
    var digest = BlockDigest.Builder()
    digest.add(output)
    for token in tokens { digest.add(UInt64(bitPattern: Int64(token))) }
    trace.record.digests[stage] = digest.finished()
    trace.record.sketches[stage] = BlockSketch(of: output)
    let end = stopwatch.elapsed
    trace.record.timings[stage] = StageSpan(arrival: trace.sent, start: trace.start, end: end)
    trace.sent = end
  }
}

/// Time since the session began, by any clock; stages know no other time and decide nothing by it.
public struct Stopwatch: Sendable {
  private let read: @Sendable () -> Duration

  /// Starts now.
  ///
  /// - Parameter clock: What to measure with: the system's clock, or a simulation.
  public init<C: Clock>(_ clock: C) where C.Duration == Duration {
    let start = clock.now
    read = { start.duration(to: clock.now) }
  }

  /// The time since the start.
  public var elapsed: Duration { read() }
}
