import Dataflow
import Testing

struct SimulationTests {
  private struct Failure: Error {}

  @Test func `time moves from deadline to deadline`() async throws {
    let simulation = Simulation()
    let log = Log<String>()
    try await simulation.run {
      await withThrowingTaskGroup(of: Void.self) { group in
        for milliseconds in [30, 10, 20] {
          group.addTask {
            try await simulation.sleep(for: .milliseconds(milliseconds))
            log.append("\(milliseconds) at \(simulation.now.offset)")
          }
        }
      }
    }
    #expect(log.entries == ["10 at 0.01 seconds", "20 at 0.02 seconds", "30 at 0.03 seconds"])
  }

  @Test func `a deadline that has passed does not wait`() async throws {
    let simulation = Simulation()
    let time = try await simulation.run {
      try await simulation.sleep(for: .seconds(1))
      try await simulation.sleep(until: .init(offset: .milliseconds(500)), tolerance: nil)
      return simulation.now.offset
    }
    #expect(time == .seconds(1))
  }

  @Test func `sleepers of one moment wake in the order in which they fell asleep`() async throws {
    let simulation = Simulation()
    let log = Log<Int>()
    try await simulation.run {
      await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<10 {
          group.addTask {
            try await simulation.sleep(for: .seconds(1))
            log.append(number)
          }
        }
      }
    }
    #expect(log.entries == Array(0..<10))
  }

  @Test func `a sleeper that is cancelled wakes at once with an error`() async throws {
    let simulation = Simulation()
    let time = try await simulation.run {
      await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await simulation.sleep(for: .seconds(3_600)) }
        try? await simulation.sleep(for: .seconds(1))
        group.cancelAll()
        await #expect(throws: CancellationError.self) { try await group.next() }
        return simulation.now.offset
      }
    }
    #expect(time == .seconds(1))
  }

  @Test func `a task that was cancelled before does not fall asleep`() async throws {
    let simulation = Simulation()
    try await simulation.run {
      await withThrowingTaskGroup(of: Void.self) { group in
        group.cancelAll()
        group.addTask { try await simulation.sleep(for: .seconds(3_600)) }
        await #expect(throws: CancellationError.self) { try await group.next() }
      }
    }
    #expect(simulation.now.offset == .zero)
  }

  @Test func `a body that fails is heard after its tasks have ended`() async throws {
    let simulation = Simulation()
    let log = Log<String>()
    await #expect(throws: Failure.self) {
      try await simulation.run {
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            do {
              try await simulation.sleep(for: .seconds(60))
            } catch {
              await Task.yield()
              log.append("cleaned up")
              throw error
            }
          }
          await Task.yield()
          throw Failure()
        }
      }
    }
    #expect(log.entries == ["cleaned up"])
    // It can be used again.
    #expect(try await simulation.run { 3 } == 3)
  }

  @Test func `cancelling the caller ends the body`() async throws {
    let simulation = Simulation()
    await withThrowingTaskGroup(of: Void.self) { group in
      group.cancelAll()
      group.addTask {
        try await simulation.run { try await simulation.sleep(for: .seconds(60)) }
      }
      await #expect(throws: CancellationError.self) { try await group.next() }
    }
  }

  @Test(arguments: UInt64(0)..<20)
  func `two stages that wait for each other are a message`(seed: UInt64) async throws {
    let graph = ToyGraph(blocks: 10, capacity: 2, delay: 0)
    let error = await #expect(throws: DeadlockError.self) {
      try await graph.pipeline.run(on: .replay(Simulation(.random(seed: seed))))
    }
    #expect(
      error?.description == """
        Deadlock at 0.0 seconds: waiting: capture, encoder, language, synthesizer, playback
          blocks (capture -> encoder): 2 of 2, writer waiting
          frames (encoder -> language): 0 of 2, reader waiting
          tokens (language -> synthesizer): 0 of 2, reader waiting
          speech (synthesizer -> playback): 0 of 2, reader waiting
          own speech (playback -> encoder): 0 of 2, reader waiting
        """)
    #expect(graph.played.entries.isEmpty)
  }

  @Test func `several simulations run side by side`() async throws {
    try await withThrowingTaskGroup(of: [UInt64].self) { group in
      for seed in UInt64(0)..<8 {
        group.addTask {
          let graph = ToyGraph(blocks: 100)
          try await graph.pipeline.run(on: .replay(Simulation(.random(seed: seed))))
          return graph.played.entries
        }
      }
      for try await played in group { #expect(played == ToyGraph.expected(blocks: 100)) }
    }
  }
}
