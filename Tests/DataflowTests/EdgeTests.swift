import Dataflow
import Testing

struct EdgeTests {

  @Test func `a writer waits at a full edge until the reader takes`() async throws {
    let simulation = Simulation()
    let log = Log<String>()
    let edge = makeEdge(of: Int.self, name: EdgeName("numbers"), capacity: 1)
    try await simulation.run {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for number in 0..<3 {
            try await edge.writer.send(number)
            log.append("sent \(number) at \(simulation.now.offset)")
          }
          edge.writer.finish()
        }
        group.addTask {
          try await simulation.sleep(for: .seconds(1))
          while try await edge.reader.receive() != nil {
            try await simulation.sleep(for: .seconds(1))
          }
        }
        try await group.waitForAll()
      }
    }
    #expect(
      log.entries == [
        "sent 0 at 0.0 seconds", "sent 1 at 1.0 seconds", "sent 2 at 2.0 seconds",
      ])
  }

  @Test func `a snapshot says what is there and who waits`() async throws {
    let simulation = Simulation()
    let edge = makeEdge(
      of: Int.self, name: EdgeName("numbers", from: .capture, to: .encoder), capacity: 2,
      initial: [0])
    #expect(edge.reader.edge.snapshot().description == "numbers (capture -> encoder): 1 of 2")
    try await simulation.run {
      await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { for number in 0..<9 { try await edge.writer.send(number) } }
        try? await simulation.sleep(for: .seconds(1))
        let snapshot = edge.reader.edge.snapshot()
        #expect(snapshot.count == 2 && snapshot.writer == .waiting && snapshot.reader == .active)
        group.cancelAll()
      }
    }
    #expect(
      edge.reader.edge.snapshot().description
        == "numbers (capture -> encoder): 2 of 2, writer cancelled")
  }

  @Test(arguments: UInt64(0)..<200)
  func `cancellation ends either side in every schedule`(seed: UInt64) async throws {
    let simulation = Simulation(.random(seed: seed))
    let edge = makeEdge(of: Int.self, name: EdgeName("numbers"), capacity: 1)
    let cancelsWriter = seed % 2 == 0
    let received = try await simulation.run {
      await withTaskGroup(of: [Int].self) { group in
        group.addTask {
          await withThrowingTaskGroup(of: Void.self) { writers in
            writers.addTask {
              for number in 0..<1_000 where try await !edge.writer.send(number) { return }
            }
            if cancelsWriter {
              for _ in 0..<Int(seed % 17) { await Task.yield() }
              writers.cancelAll()
            }
          }
          edge.writer.finish()
          return []
        }
        group.addTask {
          var received: [Int] = []
          while received.count < 20, let number = try? await edge.reader.receive() {
            received.append(number)
          }
          edge.reader.close()
          return received
        }
        return await group.reduce([], +)
      }
    }
    #expect(received == Array(0..<received.count))
    #expect(cancelsWriter || received.count == 20)
  }

  @Test func `a send tells when its reader is gone`() async throws {
    let edge = makeEdge(of: Int.self, name: EdgeName("numbers"), capacity: 1)
    #expect(try await edge.writer.send(1))
    edge.reader.close()
    #expect(try await !edge.writer.send(2))
    #expect(try await edge.reader.receive() == nil)
  }

  @Test(arguments: 0..<20)
  func `items cross between two threads in order`(round: Int) async throws {
    let edge = makeEdge(of: Int.self, name: EdgeName("numbers"), capacity: 1 + round % 3)
    let (left, right) = (ThreadExecutor(name: "left"), ThreadExecutor(name: "right"))
    defer {
      left.stop()
      right.stop()
    }
    let inOrder = try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask(executorPreference: left) {
        for number in 0..<5_000 { try await edge.writer.send(number) }
        edge.writer.finish()
        return true
      }
      group.addTask(executorPreference: right) {
        var expected = 0
        while let number = try await edge.reader.receive() {
          guard number == expected else { return false }
          expected += 1
        }
        return expected == 5_000
      }
      return try await group.reduce(true) { $0 && $1 }
    }
    #expect(inOrder)
  }
}
