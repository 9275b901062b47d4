import Dataflow
import Testing

/// The results of a graph of stages do not depend on the order in which the stages run.
struct ScheduleIndependenceTests {
  private static let blocks: UInt64 = 40
  private static let seeds: Range<UInt64> = 0..<1_000

  @Test func `a thousand schedules interleave in a thousand ways and play the same`() async throws {
    let expected = ToyGraph.expected(blocks: Self.blocks)
    var interleavings: Set<[StageID]> = []
    var traces: Set<Simulation.Trace> = []
    for seed in Self.seeds {
      let simulation = Simulation(.random(seed: seed))
      let graph = ToyGraph(blocks: Self.blocks)
      try await graph.pipeline.run(on: .replay(simulation))
      #expect(graph.played.entries == expected, "seed \(seed)")
      interleavings.insert(graph.log.entries)
      traces.insert(simulation.trace)
    }
    #expect(interleavings.count == Self.seeds.count)
    #expect(traces.count == Self.seeds.count)
  }

  @Test func `a stage that polls is caught`() async throws {
    var outputs: Set<[UInt64]> = []
    for seed in Self.seeds {
      let graph = ToyGraph(blocks: Self.blocks, isPolling: true)
      try await graph.pipeline.run(on: .replay(Simulation(.random(seed: seed))))
      outputs.insert(graph.played.entries)
    }
    #expect(outputs.count > 1)
  }

  @Test(arguments: UInt64(0)..<20)
  func `the same seed runs the same jobs in the same order`(seed: UInt64) async throws {
    var traces: Set<Simulation.Trace> = []
    for _ in 0..<3 {
      let simulation = Simulation(.random(seed: seed))
      try await ToyGraph(blocks: Self.blocks).pipeline.run(on: .replay(simulation))
      traces.insert(simulation.trace)
    }
    #expect(traces.count == 1)
  }

  @Test func `first in first out is one interleaving`() async throws {
    var interleavings: Set<[StageID]> = []
    for _ in 0..<50 {
      let graph = ToyGraph(blocks: Self.blocks)
      try await graph.pipeline.run(on: .replay(Simulation()))
      interleavings.insert(graph.log.entries)
    }
    #expect(interleavings.count == 1)
  }

  @Test(arguments: ["pool", "live", "one thread"])
  func `threads play the same`(plan: String) async throws {
    let plans: [String: ExecutorPlan] = ["pool": .pool, "live": .live, "one thread": .oneThread]
    let graph = ToyGraph(blocks: 2_000)
    try await graph.pipeline.run(on: #require(plans[plan]))
    #expect(graph.played.entries == ToyGraph.expected(blocks: 2_000))
  }

  @Test(arguments: UInt64(0)..<100)
  func `edges of capacity one are enough`(seed: UInt64) async throws {
    let graph = ToyGraph(blocks: Self.blocks, capacity: 1)
    try await graph.pipeline.run(on: .replay(Simulation(.random(seed: seed))))
    #expect(graph.played.entries == ToyGraph.expected(blocks: Self.blocks))
  }

  @Test func `the cost of a block in jobs stays what it is`() async throws {
    func jobs(_ blocks: UInt64) async throws -> Int {
      let simulation = Simulation()
      try await ToyGraph(blocks: blocks).pipeline.run(on: .replay(simulation))
      return simulation.trace.jobs
    }
    let perBlock = Double(try await jobs(1_100) - jobs(100)) / 1_000
    // Each of the five stages waits once for a block and is resumed in two jobs, its actor's and
    // its own. A stage that hops off its actor, or a loop that runs without an item, shows here.
    #expect(perBlock <= 12, "\(perBlock) jobs for a block")
  }
}
