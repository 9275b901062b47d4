import Dataflow
import Foundation
import Testing

struct ForeignEdgeTests {
  @Test func `an inlet drops what finds no room and says before which item`() async throws {
    let (inlet, reader) = makeInlet(of: Int.self, name: EdgeName("microphone"), capacity: 2)
    #expect((0..<5).map { inlet.put($0) } == [true, true, false, false, false])
    #expect(try await reader.receive()?.droppedBefore == 0)
    #expect(inlet.put(5))
    inlet.finish()
    #expect(try await reader.receive()?.element == 1)
    let late = try await reader.receive()
    #expect(late?.element == 5 && late?.droppedBefore == 3)
    #expect(try await reader.receive() == nil)
    #expect(inlet.counts.accepted == 3 && inlet.counts.dropped == 3)
  }

  @Test func `an inlet without a reader counts on`() {
    let (inlet, reader) = makeInlet(of: Int.self, name: EdgeName("microphone"), capacity: 2)
    reader.close()
    for number in 0..<10 { #expect(!inlet.put(number)) }
    #expect(inlet.counts.accepted == 0 && inlet.counts.dropped == 10)
  }

  @Test(arguments: [1, 3, 64])
  func `four hammering threads and one reader agree on every count`(
    capacity: Int
  ) async throws {
    let (threads, puts) = (4, 20_000)
    let (inlet, reader) = makeInlet(of: Int.self, name: EdgeName("microphone"), capacity: capacity)
    let ended = Log<Int>()
    for thread in 0..<threads {
      Thread {
        for number in 0..<puts { inlet.put(thread * puts + number) }
        if ended.append(thread) == threads { inlet.finish() }
      }.start()
    }
    var (received, dropped) = (0, 0)
    var last = Array(repeating: -1, count: threads)
    while let arrival = try await reader.receive() {
      received += 1
      dropped += arrival.droppedBefore
      let (thread, number) = arrival.element.quotientAndRemainder(dividingBy: puts)
      #expect(number > last[thread])
      last[thread] = number
    }
    let counts = inlet.counts
    #expect(received == counts.accepted)
    #expect(counts.accepted + counts.dropped == threads * puts)
    // What was dropped after the last item that got through has no item to be told with.
    #expect(dropped <= counts.dropped)
  }

  @Test func `a reader on a named thread stays there when a foreign thread wakes it`() async throws
  {
    let (inlet, reader) = makeInlet(of: Int.self, name: EdgeName("microphone"), capacity: 4)
    let executor = ThreadExecutor(name: "reader")
    defer { executor.stop() }
    let stayed = try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask(executorPreference: executor) {
        Thread {
          for number in 0..<1_000 { inlet.put(number) }
          inlet.finish()
        }.start()
        var stayed = true
        while try await reader.receive() != nil { stayed = stayed && executor.isCurrent }
        return stayed && executor.isCurrent
      }
      return try await group.next()
    }
    #expect(stayed == true)
  }

  @Test func `an outlet gives nothing rather than wait and counts it`() async throws {
    let (writer, outlet) = makeOutlet(of: Int.self, name: EdgeName("speaker"), capacity: 2)
    #expect(outlet.take() == nil)
    try await writer.send(1)
    try await writer.send(2)
    #expect(outlet.take() == 1)
    #expect(outlet.take() == 2)
    #expect(outlet.take() == nil)
    #expect(outlet.emptyTakes == 2)
    #expect(!outlet.isAtEnd)
    writer.finish()
    #expect(outlet.take() == nil)
    #expect(outlet.isAtEnd)
    #expect(outlet.emptyTakes == 2)
  }

  @Test func `an outlet that takes lets the waiting stage go on`() async throws {
    let simulation = Simulation()
    let (writer, outlet) = makeOutlet(of: Int.self, name: EdgeName("speaker"), capacity: 1)
    let taken = try await simulation.run {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for number in 0..<10 { try await writer.send(number) }
          writer.finish()
        }
        var taken: [Int] = []
        while !outlet.isAtEnd {
          try await simulation.sleep(for: BlockIndex.duration)
          if let number = outlet.take() { taken.append(number) }
        }
        return taken
      }
    }
    #expect(taken == Array(0..<10))
    #expect(outlet.emptyTakes == 0)
  }
}
