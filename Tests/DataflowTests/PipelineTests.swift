import Dataflow
import Testing

struct PipelineTests {
  private struct Broken: Error {}

  /// Capture, encoder, language in a row; `fault` is thrown by the encoder at its third item.
  private func row(
    _ simulation: Simulation, log: Log<String>, fault: (any Error)? = nil
  ) -> Pipeline {
    let first = makeEdge(
      of: Int.self, name: EdgeName("first", from: .capture, to: .encoder), capacity: 4)
    let second = makeEdge(
      of: Int.self, name: EdgeName("second", from: .encoder, to: .language), capacity: 4)
    return Pipeline(
      stages: [
        ToyBody(.capture) {
          for item in 0..<8 where try await !first.writer.send(item) { break }
          log.append("capture ends")
        },
        ToyBody(.encoder) {
          while let item = try await first.reader.receive() {
            if item == 2, let fault { throw fault }
            try await simulation.sleep(for: .milliseconds(10))
            try await second.writer.send(item)
          }
          log.append("encoder ends")
        },
        ToyBody(.language) {
          do {
            while let item = try await second.reader.receive() { log.append("item \(item)") }
            log.append("language ends")
          } catch {
            log.append("language is cancelled")
            throw error
          }
        },
      ], edges: [first.writer.edge, second.writer.edge])
  }

  @Test(arguments: UInt64(0)..<50)
  func `the stages end in flow order after the last item went through`(seed: UInt64) async throws {
    let simulation = Simulation(.random(seed: seed))
    let log = Log<String>()
    try await row(simulation, log: log).run(on: .replay(simulation))
    let expected = (0..<8).map { "item \($0)" } + ["language ends"]
    #expect(
      log.entries.filter { !$0.hasSuffix("capture ends") && $0 != "encoder ends" } == expected)
    let ends = log.entries.filter { $0.hasSuffix("ends") }
    #expect(ends == ["capture ends", "encoder ends", "language ends"])
  }

  @Test(arguments: UInt64(0)..<50)
  func `the first failure names its stage and cancels the others`(seed: UInt64) async throws {
    let simulation = Simulation(.random(seed: seed))
    let log = Log<String>()
    let error = await #expect(throws: PipelineError.self) {
      try await row(simulation, log: log, fault: Broken()).run(on: .replay(simulation))
    }
    #expect(error?.stage == .encoder)
    #expect(error?.underlying is Broken)
    // A failure never looks like the end of the input.
    #expect(log.entries.last == "language is cancelled")
    #expect(!log.entries.contains("language ends"))
  }

  @Test func `cancelling the caller is no failure of a stage`() async throws {
    await withThrowingTaskGroup(of: Void.self) { group in
      let edge = makeEdge(of: Int.self, name: EdgeName("never", to: .encoder))
      let pipeline = Pipeline(
        stages: [ToyBody(.encoder) { _ = try await edge.reader.receive() }],
        edges: [edge.reader.edge])
      group.addTask { try await pipeline.run(on: .live) }
      group.cancelAll()
      await #expect(throws: CancellationError.self) { try await group.next() }
    }
  }

  @Test func `a stage that gives up leaves nobody waiting for it`() async throws {
    let edge = makeEdge(
      of: Int.self, name: EdgeName("numbers", from: .capture, to: .encoder), capacity: 1)
    let refused = Log<Int>()
    let pipeline = Pipeline(
      stages: [
        ToyBody(.capture) {
          for item in 0..<10 where try await !edge.writer.send(item) {
            refused.append(item)
            return
          }
        },
        ToyBody(.encoder) { _ = try await edge.reader.receive() },
      ], edges: [edge.writer.edge])
    try await pipeline.run(on: .replay(Simulation()))
    #expect(refused.entries.count == 1)
  }

  @Test func `the inlet's finish drains the whole pipeline`() async throws {
    let (inlet, reader) = makeInlet(
      of: Int.self, name: EdgeName("microphone", to: .capture), capacity: 8)
    let blocks = makeEdge(
      of: Int.self, name: EdgeName("blocks", from: .capture, to: .playback), capacity: 1)
    let played = Log<Int>()
    for number in 0..<8 { inlet.put(number) }
    inlet.finish()
    try await Pipeline(
      stages: [
        ToyBody(.capture) {
          while let arrival = try await reader.receive() {
            try await blocks.writer.send(arrival.element)
          }
        },
        ToyBody(.playback) {
          while let block = try await blocks.reader.receive() { played.append(block) }
        },
      ], edges: [inlet.edge, blocks.writer.edge]
    ).run(on: .live)
    #expect(played.entries == Array(0..<8))
  }
}
