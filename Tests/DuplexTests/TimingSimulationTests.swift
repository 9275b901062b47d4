import AudioIO
import Dataflow
import Duplex
import SpeechModel
import Testing

/// The real graph in virtual time: a microphone that never waits, stages with given costs, a
/// speaker that takes a block every 80 ms.
private struct TimedSession {
  let simulation: Simulation
  let blocks: Int
  /// How many blocks wait at the microphone before one is dropped.
  var waiting = 1
  let cost: @Sendable (StageID, Int) -> Duration

  /// What came of it, in order: which input block each block of the session was, and when it was
  /// through.
  struct Outcome: Sendable {
    var drops: [Int: Int] = [:]
    var through: [Duration] = []
    var underruns: [Duration] = []
    var dropped = 0
  }

  private final class Log: Sendable {
    let outcome = Protected(Outcome())
  }

  /// An outlet that a virtual device reads.
  private struct OutletSink: AudioSink {
    let sampleRate = 16_000
    let writer: EdgeWriter<[Float]>

    func put(_ samples: [Float]) async throws -> SinkReport {
      try await writer.send(samples)
      return SinkReport()
    }

    func finish() async throws -> SinkReport {
      writer.finish()
      return SinkReport()
    }
  }

  private struct InletSource: AudioSource {
    let reader: EdgeReader<Arrival<[Float]>>
    let inlet: ForeignInlet<[Float]>

    func next() async throws -> SourceBlock? {
      try await reader.receive().map {
        SourceBlock(samples: $0.element, droppedBefore: $0.droppedBefore)
      }
    }

    func close() { inlet.finish() }
  }

  func run(firstTake: Duration = .milliseconds(160)) async throws -> Outcome {
    let (inlet, microphone) = makeInlet(
      of: [Float].self, name: EdgeName("microphone", to: .capture), capacity: waiting)
    let (speaker, outlet) = makeOutlet(
      of: [Float].self, name: EdgeName("speaker", from: .playback), capacity: 64)
    let log = Log()
    let cost = cost
    let simulation = simulation
    let graph = try Graph(
      model: try TinyModel.model(), configuration: TinyModel.talkative,
      source: InletSource(reader: microphone, inlet: inlet), sink: OutletSink(writer: speaker),
      instruments: Instruments(stopwatch: Stopwatch(simulation)) { stage, block in
        try await simulation.sleep(for: cost(stage, block.position))
      },
      observer: { report in
        log.outcome.withLock { outcome in
          outcome.through.append(simulation.now.offset)
          for case .drop(let block, let count) in report.events {
            outcome.drops[block.position] = count
          }
        }
      })
    try await simulation.run(watching: graph.edges) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await graph.pipeline.run(on: .pool) }
        group.addTask { try await speak(outlet, log, from: firstTake) }
        for block in 0..<blocks {
          try await simulation.sleep(until: .init(offset: BlockIndex(block).end), tolerance: nil)
          inlet.put(Noise.block(block))
        }
        inlet.finish()
        try await group.waitForAll()
      }
    }
    log.outcome.withLock { $0.dropped = inlet.counts.dropped }
    return log.outcome.withLock { $0 }
  }

  private func speak(
    _ outlet: ForeignOutlet<[Float]>, _ log: Log, from first: Duration
  ) async throws {
    var due = first
    while !outlet.isAtEnd {
      try await simulation.sleep(until: .init(offset: due), tolerance: nil)
      if outlet.take() == nil, !outlet.isAtEnd {
        log.outcome.withLock { $0.underruns.append(due) }
      }
      due += BlockIndex.duration
    }
  }
}

struct TimingSimulationTests {
  /// Capture is free, every other stage takes 5 ms, the language step 400 ms for block 10.
  ///
  /// Block 10 is heard at 880 and through at 1,295. Meanwhile 11 is in the encoder's hands, 12 on
  /// its edge, 13 in capture's hand, 14 in the inlet, so 15, heard at 1,280, is dropped, and 16 is
  /// the session's block 15. A block costs 20 ms, so 11 to 14 are through at 1,315 to 1,375 and 16
  /// at 1,395. The speaker finds nothing at 960, 1,040, 1,120, 1,200 and 1,280.
  @Test(arguments: [Schedule.fifo] + (0..<20).map { Schedule.random(seed: $0) })
  func `one slow block costs exactly the predicted ones`(schedule: Schedule) async throws {
    let outcome = try await TimedSession(
      simulation: Simulation(schedule), blocks: 40,
      cost: { stage, block in
        stage == .capture
          ? .zero
          : stage == .language && block == 10 ? .milliseconds(400) : .milliseconds(5)
      }
    ).run()
    #expect(outcome.drops == [15: 1] && outcome.dropped == 1)
    #expect(
      Array(outcome.through[9...15])
        == [820, 1_295, 1_315, 1_335, 1_355, 1_375, 1_395].map { Duration.milliseconds($0) })
    #expect(
      outcome.underruns == [960, 1_040, 1_120, 1_200, 1_280].map { Duration.milliseconds($0) })
  }

  /// Eight blocks wait at the microphone; three seconds are 37.5 blocks.
  @Test func `a stage that is slow for three seconds is survived with an exact account`()
    async throws
  {
    let outcome = try await TimedSession(
      simulation: Simulation(), blocks: 200, waiting: 8,
      cost: { stage, block in
        stage == .synthesizer && block == 50 ? .seconds(3) : .milliseconds(4)
      }
    ).run()
    #expect(outcome.through.count + outcome.dropped == 200)
    #expect(outcome.drops.values.reduce(0, +) == outcome.dropped)
    // In flight: one in each of four stages' hands and edges at most; the rest waits or is lost.
    #expect((24...29).contains(outcome.dropped), "\(outcome.dropped)")
    // In time again at the end: the last block is through 20 ms after it was heard.
    #expect(outcome.through.last == BlockIndex(199).end + .milliseconds(20))
  }

  @Test func `a machine that is too slow drops the share that it cannot do`() async throws {
    let outcome = try await TimedSession(
      simulation: Simulation(), blocks: 500,
      cost: { stage, _ in stage == .capture ? .zero : .milliseconds(25) }
    ).run(firstTake: .milliseconds(200))
    #expect((400...406).contains(outcome.through.count), "\(outcome.through.count)")
  }
}
