/// The order in which a simulation runs the jobs that could run.
public enum Schedule: Hashable, Sendable {
  /// First in, first out.
  case fifo
  /// Any of them, drawn by a generator with this seed: explores interleavings, and repeats.
  case random(seed: UInt64)
}

/// Which job runs next, who sleeps and what time it is: the pure part of a simulation.
struct ScheduleState {
  private struct Sleeper {
    let id: Int
    let deadline: Duration
  }

  private let isRandom: Bool
  private var generator: SplitMix64
  private var ready: [(job: UnownedJob, sequence: UInt64)] = []
  /// Where the line begins in `ready`, when it is served from the front.
  private var head = 0
  private var enqueued: UInt64 = 0
  private var sleepers: [Sleeper] = []
  private var nextSleeper = 0
  private var cancelled: Set<Int> = []
  private(set) var now = Duration.zero
  private(set) var jobs = 0
  private var hasher = XXHash64()

  init(_ schedule: Schedule) {
    switch schedule {
    case .fifo: (isRandom, generator) = (false, SplitMix64(seed: 0))
    case .random(let seed): (isRandom, generator) = (true, SplitMix64(seed: seed))
    }
  }

  var trace: Simulation.Trace {
    Simulation.Trace(jobs: jobs, digest: BlockDigest(value: hasher.finished()))
  }

  mutating func enqueue(_ job: UnownedJob) {
    ready.append((job, enqueued))
    enqueued += 1
  }

  enum NextAction {
    case run(UnownedJob)
    /// No job can run: time moved to the first deadlines, and these sleepers wake.
    case wake([Int])
    /// No job can run and nobody sleeps.
    case idle
  }

  mutating func next() -> NextAction {
    if let job = popReady() { return .run(job) }
    guard let deadline = sleepers.map(\.deadline).min() else { return .idle }
    now = max(now, deadline)
    let due = sleepers.filter { $0.deadline <= now }.map(\.id)
    sleepers.removeAll { $0.deadline <= now }
    return .wake(due)
  }

  private mutating func popReady() -> UnownedJob? {
    guard head < ready.count else { return nil }
    let entry: (job: UnownedJob, sequence: UInt64)
    if isRandom {
      let pick = Int.random(in: 0..<ready.count, using: &generator)
      ready.swapAt(pick, ready.count - 1)
      entry = ready.removeLast()
    } else {
      entry = ready[head]
      head += 1
      if head == ready.count {
        ready.removeAll(keepingCapacity: true)
        head = 0
      }
    }
    jobs += 1
    hasher.update(entry.sequence)
    return entry.job
  }
}

// MARK: Sleeping

extension ScheduleState {
  /// A number for a sleep that is about to begin.
  mutating func makeSleeper() -> Int {
    defer { nextSleeper += 1 }
    return nextSleeper
  }

  enum SleepAction {
    case wait
    case resume
    case cancelled
  }

  mutating func sleep(_ id: Int, until deadline: Duration) -> SleepAction {
    if cancelled.contains(id) { return .cancelled }
    if deadline <= now { return .resume }
    sleepers.append(Sleeper(id: id, deadline: deadline))
    return .wait
  }

  /// Whether the sleeper waits and has to be resumed; otherwise its cancellation is remembered.
  mutating func cancelSleeper(_ id: Int) -> Bool {
    guard let index = sleepers.firstIndex(where: { $0.id == id }) else {
      cancelled.insert(id)
      return false
    }
    sleepers.remove(at: index)
    return true
  }

  /// The sleep is over; a cancellation that came too late is forgotten.
  mutating func endSleep(_ id: Int) { cancelled.remove(id) }
}

/// A generator with one word of state (Steele, Lea and Flood, 2014).
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
