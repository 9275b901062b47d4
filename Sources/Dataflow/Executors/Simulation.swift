import Glibc

/// Executor and clock in one: one thread, a chosen order, and time that moves only when no job
/// can run.
///
/// ```swift
/// let simulation = Simulation(.random(seed: 7))
/// try await simulation.run {
///   try await simulation.sleep(for: .seconds(600))  // takes no time
/// }
/// ```
///
/// With ``Schedule/fifo`` it replays sessions; with ``Schedule/random(seed:)`` it explores
/// interleavings, and the seed of a failure is the report of it. It needs no global hook, so
/// several simulations run at the same time.
public final class Simulation: TaskExecutor, Clock {
  /// A moment of virtual time, since the simulation was made.
  public struct Instant: InstantProtocol {
    /// Virtual time since the simulation was made.
    public let offset: Duration

    /// Makes a moment.
    ///
    /// - Parameter offset: Virtual time since the simulation was made.
    public init(offset: Duration) { self.offset = offset }

    /// The moment that is some time later.
    ///
    /// - Parameter duration: The time.
    /// - Returns: The moment.
    public func advanced(by duration: Duration) -> Instant {
      Instant(offset: offset + duration)
    }

    /// The time until another moment.
    ///
    /// - Parameter other: The other moment.
    /// - Returns: The time; negative where it is earlier.
    public func duration(to other: Instant) -> Duration { other.offset - offset }

    /// Whether the left moment is earlier.
    public static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
  }

  /// Which jobs ran, in which order.
  public struct Trace: Hashable, Sendable {
    /// How many jobs ran.
    public let jobs: Int
    /// Equal for equal orders: jobs count by when they became able to run.
    public let digest: BlockDigest
  }

  private struct Guarded {
    var schedule: ScheduleState
    var sleepers: [Int: CheckedContinuation<Bool, Never>] = [:]
    var thread: pthread_t?
    var hasEnded = false
  }

  private let guarded: Protected<Guarded>

  /// Makes a simulation at time zero.
  ///
  /// - Parameter schedule: The order in which jobs run.
  public init(_ schedule: Schedule = .fifo) {
    guarded = Protected(Guarded(schedule: ScheduleState(schedule)))
  }

  /// Which jobs ran so far, in which order.
  public var trace: Trace { guarded.withLock { $0.schedule.trace } }

  /// Puts a job among those that can run.
  ///
  /// - Parameter job: The job.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    guarded.withLock { $0.schedule.enqueue(job) }
  }

  /// Whether the caller is a job of this simulation.
  package var isCurrent: Bool {
    guard let thread = guarded.withLock({ $0.thread }) else { return false }
    return pthread_equal(thread, pthread_self()) != 0
  }

  /// Runs a body and all it starts, on the calling thread, until nothing of it is left.
  ///
  /// Jobs of cancelled tasks run to their end, also where the body fails.
  ///
  /// - Important: One run at a time. The body waits only for what happens inside the simulation.
  /// - Parameters:
  ///   - edges: The edges to report where nothing can go on.
  ///   - body: What to run.
  /// - Returns: What the body returned.
  /// - Throws: ``DeadlockError`` where no job can run, nobody sleeps and the body has not ended;
  ///   otherwise what the body throws.
  public func run<Value: Sendable>(
    watching edges: [AnyEdge] = [], _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    begin()
    defer { end() }
    return try await withThrowingTaskGroup(of: Value.self) { group in
      group.addTask(executorPreference: self) {
        defer { self.guarded.withLock { $0.hasEnded = true } }
        return try await body()
      }
      if !runJobs() {
        let deadlock = DeadlockError(edges: edges.map { $0.snapshot() }, time: now.offset)
        group.cancelAll()
        guard runJobs() else {
          fatalError("\(deadlock)\nSomething else is waited for, which cancellation does not end.")
        }
        throw deadlock
      }
      guard let value = try await group.next() else { fatalError("The body left no result") }
      return value
    }
  }

  private func begin() {
    guarded.withLock { guarded in
      precondition(guarded.thread == nil, "A simulation runs one body at a time")
      guarded.thread = pthread_self()
      guarded.hasEnded = false
    }
  }

  private func end() { guarded.withLock { $0.thread = nil } }

  /// Runs jobs until none can run and nobody sleeps; false where the body has not ended by then.
  private func runJobs() -> Bool {
    let executor = asUnownedTaskExecutor()
    while true {
      switch guarded.withLock({ nextStep(&$0) }) {
      case .run(let job): job.runSynchronously(on: executor)
      case .wake(let sleepers): for sleeper in sleepers { sleeper.resume(returning: true) }
      case .ended(let isWhole): return isWhole
      }
    }
  }

  private enum Step {
    case run(UnownedJob)
    case wake([CheckedContinuation<Bool, Never>])
    case ended(Bool)
  }

  private func nextStep(_ guarded: inout Guarded) -> Step {
    switch guarded.schedule.next() {
    case .run(let job): .run(job)
    case .wake(let ids): .wake(ids.compactMap { guarded.sleepers.removeValue(forKey: $0) })
    case .idle: .ended(guarded.hasEnded)
    }
  }
}

// MARK: Clock

extension Simulation {
  /// The virtual time.
  public var now: Instant { Instant(offset: guarded.withLock { $0.schedule.now }) }

  /// Virtual time has no grain.
  public var minimumResolution: Duration { .zero }

  /// Waits until a moment of virtual time.
  ///
  /// - Parameters:
  ///   - deadline: The moment.
  ///   - tolerance: Not used: virtual time is exact.
  /// - Throws: `CancellationError` where the task is cancelled before.
  public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    let id = guarded.withLock { $0.schedule.makeSleeper() }
    let isDue = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        beginSleep(id, until: deadline, continuation)
      }
    } onCancel: {
      cancelSleep(id)
    }
    guarded.withLock { $0.schedule.endSleep(id) }
    guard isDue else { throw CancellationError() }
  }

  private func beginSleep(
    _ id: Int, until deadline: Instant, _ continuation: CheckedContinuation<Bool, Never>
  ) {
    let action = guarded.withLock { guarded in
      let action = guarded.schedule.sleep(id, until: deadline.offset)
      if case .wait = action { guarded.sleepers[id] = continuation }
      return action
    }
    switch action {
    case .wait: break
    case .resume: continuation.resume(returning: true)
    case .cancelled: continuation.resume(returning: false)
    }
  }

  private func cancelSleep(_ id: Int) {
    let continuation = guarded.withLock { guarded in
      guarded.schedule.cancelSleeper(id) ? guarded.sleepers.removeValue(forKey: id) : nil
    }
    continuation?.resume(returning: false)
  }
}

/// A simulation in which nothing can go on: every stage waits for another one.
public struct DeadlockError: Error, CustomStringConvertible {
  /// Every watched edge, as it was.
  public let edges: [EdgeSnapshot]
  /// When in virtual time.
  public let time: Duration

  /// The stages that wait, in flow order, by the edges' names.
  public var waitingStages: [StageID] {
    let waiting = edges.flatMap { edge in
      [
        edge.writer == .waiting ? edge.name.writer : nil,
        edge.reader == .waiting ? edge.name.reader : nil,
      ]
    }
    return StageID.allCases.filter { waiting.contains($0) }
  }

  /// The stages that wait and the state of every edge, one to a line.
  public var description: String {
    let stages = waitingStages.map(\.rawValue).joined(separator: ", ")
    let first = "Deadlock at \(time): waiting: \(stages.isEmpty ? "no known stage" : stages)"
    return ([first] + edges.map { "  \($0)" }).joined(separator: "\n")
  }
}
