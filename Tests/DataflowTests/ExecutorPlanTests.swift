import Dataflow
import Glibc
import Testing

/// The name of the thread that calls.
private func threadName() -> String {
  let file = open("/proc/thread-self/comm", O_RDONLY)
  guard file >= 0 else { return "" }
  defer { close(file) }
  var bytes = [UInt8](repeating: 0, count: 64)
  let count = read(file, &bytes, bytes.count)
  return String(decoding: bytes.prefix(max(0, count - 1)), as: UTF8.self)
}

/// Notes where its code runs after each way of being resumed.
private actor Wanderer: Stage {
  nonisolated let id: StageID
  let input: EdgeReader<Int>
  let output: EdgeWriter<Int>
  let clock: any Clock<Duration>
  let place: @Sendable () -> String
  let places: Log<String>

  init(
    _ id: StageID, input: EdgeReader<Int>, output: EdgeWriter<Int>, clock: any Clock<Duration>,
    place: @escaping @Sendable () -> String, places: Log<String>
  ) {
    (self.id, self.input, self.output) = (id, input, output)
    (self.clock, self.place, self.places) = (clock, place, places)
  }

  private func note(_ what: String) { places.append("\(id.rawValue) \(what): \(place())") }

  func run() async throws {
    note("start")
    for number in 0..<50 {
      try await output.send(number)
      note("send")
      _ = try await input.receive()
      note("receive")
      try await clock.sleep(for: .microseconds(100))
      note("sleep")
      await Task.yield()
      note("yield")
      async let child = place()
      places.append("\(id.rawValue) child: \(await child)")
      note("after child")
    }
    await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.clock.sleep(for: .seconds(3_600)) }
      group.cancelAll()
      _ = try? await group.next()
      note("cancellation")
    }
  }
}

struct ExecutorPlanTests {
  /// Runs five stages in a ring and gives every place that was noted, without repetitions.
  private func places(
    _ plan: ExecutorPlan, clock: any Clock<Duration>, place: @escaping @Sendable () -> String
  ) async throws -> Set<String> {
    let ids = StageID.allCases
    let places = Log<String>()
    let edges = ids.enumerated().map { index, id in
      makeEdge(
        of: Int.self, name: EdgeName("\(index)", from: id, to: ids[(index + 1) % ids.count]))
    }
    let stages = ids.enumerated().map { index, id in
      Wanderer(
        id, input: edges[(index + ids.count - 1) % ids.count].reader, output: edges[index].writer,
        clock: clock, place: place, places: places)
    }
    try await Pipeline(stages: stages, edges: edges.map(\.writer.edge)).run(on: plan)
    return Set(places.entries)
  }

  private static let moments = [
    "start", "send", "receive", "sleep", "yield", "child", "after child", "cancellation",
  ]

  /// What is noted where each stage stays on its thread.
  private func expected(_ thread: (StageID) -> String) -> Set<String> {
    Set(
      StageID.allCases.flatMap { id in
        Self.moments.map { "\(id.rawValue) \($0): \(thread(id))" }
      })
  }

  @Test func `the live plan keeps every stage on its thread`() async throws {
    let found = try await places(.live, clock: ContinuousClock(), place: threadName)
    #expect(
      found
        == expected { id in
          switch id {
          case .capture, .playback: "capture+playbac"
          case .encoder, .synthesizer: "encoder+synthes"
          case .language: "language"
          }
        })
  }

  @Test(arguments: [Schedule.fifo, .random(seed: 1), .random(seed: 2)])
  func `a simulation keeps every stage to itself`(schedule: Schedule) async throws {
    let simulation = Simulation(schedule)
    let found = try await places(.replay(simulation), clock: simulation) {
      simulation.isCurrent ? "inside" : "outside"
    }
    #expect(found == expected { _ in "inside" })
  }

  @Test func `a stage in no group runs on the pool`() async throws {
    let names = Log<String>()
    try await Pipeline(
      stages: [ToyBody(.language) { names.append(threadName()) }], edges: []
    ).run(on: .threads([[.capture]]))
    #expect(!names.entries.contains("capture") && names.entries.count == 1)
  }

  @Test func `a job after the thread's end is not lost`() async throws {
    let executor = ThreadExecutor(name: "ended")
    executor.stop()
    executor.stop()
    let result = await withTaskGroup(of: Int.self) { group in
      group.addTask(executorPreference: executor) { 3 }
      return await group.next()
    }
    #expect(result == 3)
  }

  @Test func `a thread runs what was put in line before it ends`() async {
    for _ in 0..<200 {
      let executor = ThreadExecutor(name: "short")
      let count = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<8 { group.addTask(executorPreference: executor) { 1 } }
        executor.stop()
        return await group.reduce(0, +)
      }
      #expect(count == 8)
    }
  }
}
