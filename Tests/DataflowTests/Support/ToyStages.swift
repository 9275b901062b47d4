import Dataflow

/// What happened in which order, written by whoever is running.
final class Log<Entry: Sendable>: Sendable {
  private let guarded = Protected<[Entry]>([])

  var entries: [Entry] { guarded.withLock { $0 } }

  /// Adds an entry and says how many there are now.
  @discardableResult
  func append(_ entry: Entry) -> Int {
    guarded.withLock { entries in
      entries.append(entry)
      return entries.count
    }
  }
}

/// One step of a state that depends on every input and on their order.
func mixed(_ state: UInt64, _ input: UInt64) -> UInt64 {
  var z = (state ^ input) &* 0x9E37_79B9_7F4A_7C15
  z ^= z >> 29
  return z &* 0xBF58_476D_1CE4_E5B9 &+ 1
}

/// Numbers 0 ..< count onto an edge.
actor ToySource: Stage {
  nonisolated let id: StageID
  let count: UInt64
  let output: EdgeWriter<UInt64>
  let log: Log<StageID>

  init(id: StageID = .capture, count: UInt64, output: EdgeWriter<UInt64>, log: Log<StageID>) {
    (self.id, self.count, self.output, self.log) = (id, count, output, log)
  }

  func run() async throws {
    for value in 0..<count {
      log.append(id)
      try await output.send(value)
    }
  }
}

/// Mixes what comes in into its state and sends the state on.
actor ToyStep: Stage {
  nonisolated let id: StageID
  let input: EdgeReader<UInt64>
  let output: EdgeWriter<UInt64>
  let log: Log<StageID>
  /// What an undisciplined stage looks at without receiving it.
  let polled: AnyEdge?
  var state: UInt64 = 1

  init(
    id: StageID, input: EdgeReader<UInt64>, output: EdgeWriter<UInt64>, log: Log<StageID>,
    polled: AnyEdge? = nil
  ) {
    (self.id, self.input, self.output) = (id, input, output)
    (self.log, self.polled) = (log, polled)
  }

  func run() async throws {
    while let value = try await input.receive() {
      log.append(id)
      state = mixed(state, value)
      if let polled { state = mixed(state, UInt64(polled.snapshot().count)) }
      try await output.send(state)
    }
  }
}

/// Mixes an item of the input and one of the feedback, in this order, for each block.
actor ToyEncoder: Stage {
  nonisolated let id = StageID.encoder
  let input: EdgeReader<UInt64>
  let feedback: EdgeReader<UInt64>
  let output: EdgeWriter<UInt64>
  let log: Log<StageID>
  var state: UInt64 = 1

  init(
    input: EdgeReader<UInt64>, feedback: EdgeReader<UInt64>, output: EdgeWriter<UInt64>,
    log: Log<StageID>
  ) {
    (self.input, self.feedback, self.output, self.log) = (input, feedback, output, log)
  }

  func run() async throws {
    while let heard = try await input.receive(), let spoken = try await feedback.receive() {
      log.append(id)
      state = mixed(mixed(state, heard), spoken)
      try await output.send(state)
    }
  }
}

/// Sends what it plays back to the encoder and keeps it.
actor ToyPlayback: Stage {
  nonisolated let id = StageID.playback
  let input: EdgeReader<UInt64>
  let feedback: EdgeWriter<UInt64>?
  let log: Log<StageID>
  let played: Log<UInt64>

  init(
    input: EdgeReader<UInt64>, feedback: EdgeWriter<UInt64>?, log: Log<StageID>,
    played: Log<UInt64>
  ) {
    (self.input, self.feedback, self.log, self.played) = (input, feedback, log, played)
  }

  func run() async throws {
    while let value = try await input.receive() {
      log.append(id)
      played.append(value)
      try await feedback?.send(value)
    }
  }
}

/// A stage made of a closure, for single questions.
actor ToyBody: Stage {
  nonisolated let id: StageID
  let body: @Sendable () async throws -> Void

  init(_ id: StageID, _ body: @escaping @Sendable () async throws -> Void) {
    (self.id, self.body) = (id, body)
  }

  func run() async throws { try await body() }
}
