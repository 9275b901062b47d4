import AudioIO
import Dataflow
import Duplex
import SpeechModel
import Testing

/// The real graph on a tiny model: its digests do not depend on the order in which stages run.
struct ScheduleIndependenceTests {
  private static let blocks = 10
  private static let seeds: Range<UInt64> = 0..<1_000

  /// What a schedule computed, and which one it was.
  private struct Run: Sendable {
    let digests: [[StageID: BlockDigest]]
    let trace: Simulation.Trace
  }

  private func run(
    _ model: DuplexModel, _ simulation: Simulation, capacity: Int = 1,
    poll: Bool = false
  ) async throws -> Run {
    let reports = Reports()
    let polled = Protected<[AnyEdge]>([])
    let source = ScriptedSource(blocks: Self.blocks) { index, block in
      guard poll else { return }
      // What no part may do: look at what waits elsewhere and let it into the data.
      let waiting = polled.withLock { $0 }.map { $0.snapshot().count }.reduce(0, +)
      block.samples[0] = Float(waiting) / 32
    }
    let graph = try Graph(
      model: model, configuration: TinyModel.talkative, source: source, sink: CollectingSink(),
      instruments: Instruments(stopwatch: Stopwatch(simulation)), capacity: capacity,
      observer: { reports.add($0) })
    polled.withLock { $0 = graph.edges }
    try await graph.pipeline.run(on: .replay(simulation))
    return Run(digests: reports.records.map(\.digests), trace: simulation.trace)
  }

  @Test func `a thousand schedules are a thousand interleavings and one set of digests`()
    async throws
  {
    let model = try TinyModel.model()
    let expected = try await run(model, Simulation()).digests
    #expect(expected.count == Self.blocks && expected.allSatisfy { $0.count == 5 })
    var traces: Set<Simulation.Trace> = []
    for seed in Self.seeds {
      let found = try await run(
        model, Simulation(.random(seed: seed)), capacity: 1 + Int(seed % 3))
      #expect(found.digests == expected, "seed \(seed)")
      traces.insert(found.trace)
    }
    #expect(traces.count == Self.seeds.count)
  }

  @Test func `a source that polls is caught`() async throws {
    let model = try TinyModel.model()
    var outcomes: Set<[[StageID: BlockDigest]]> = []
    for seed in Self.seeds.prefix(100) {
      let simulation = Simulation(.random(seed: seed))
      outcomes.insert(try await run(model, simulation, capacity: 2, poll: true).digests)
    }
    #expect(outcomes.count > 1)
  }
}
