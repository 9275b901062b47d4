import Dataflow
import Glibc
import Testing

/// The processor time that the calling thread has used: other tests do not count in it.
private func threadTime() -> Duration {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

/// Five stages with given costs in virtual time, a microphone that never waits and a speaker that
/// takes a block every 80 ms.
private struct TimedGraph {
  let simulation: Simulation
  let blocks: Int
  /// How long a stage works on a block.
  let cost: @Sendable (StageID, Int) -> Duration
  /// When the speaker takes its first block.
  let firstTake: Duration
  let log = Log<String>()
  let latencies = Log<Duration>()

  /// Runs the graph; afterwards the log holds drops, late blocks and underruns.
  ///
  /// - Returns: The processor time of the thread that ran it.
  @discardableResult
  func run() async throws -> Duration {
    let (inlet, microphone) = makeInlet(
      of: Int.self, name: EdgeName("microphone", to: .capture), capacity: 1)
    let heard = edge("blocks", .capture, .encoder)
    let frames = edge("frames", .encoder, .language)
    let tokens = edge("tokens", .language, .synthesizer)
    let speech = edge("speech", .synthesizer, .playback)
    let ownSpeech = edge("own speech", .playback, .encoder, initial: [-1])
    let (speaker, outlet) = makeOutlet(
      of: Int.self, name: EdgeName("speaker", from: .playback), capacity: 64)
    let pipeline = Pipeline(
      stages: [
        ToyBody(.capture) {
          while let arrival = try await microphone.receive() {
            if arrival.droppedBefore > 0 {
              log.append("\(arrival.droppedBefore) dropped before \(arrival.element)")
            }
            try await heard.writer.send(arrival.element)
          }
        },
        ToyBody(.encoder) {
          while let block = try await heard.reader.receive(),
            try await ownSpeech.reader.receive() != nil
          { try await step(.encoder, block, frames.writer) }
        },
        passing(.language, frames.reader, tokens.writer),
        passing(.synthesizer, tokens.reader, speech.writer),
        ToyBody(.playback) {
          while let block = try await speech.reader.receive() {
            try await simulation.sleep(for: cost(.playback, block))
            let latency = simulation.now.offset - BlockIndex(block).end
            latencies.append(latency)
            if latency > BlockIndex.duration { log.append("\(block) late") }
            try await speaker.send(block)
            try await ownSpeech.writer.send(block)
          }
        },
      ],
      edges: [
        inlet.edge, heard.writer.edge, frames.writer.edge, tokens.writer.edge, speech.writer.edge,
        ownSpeech.writer.edge, outlet.edge,
      ])
    return try await simulation.run {
      let begin = threadTime()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await pipeline.run(on: .pool) }
        group.addTask { try await speak(outlet) }
        for block in 0..<blocks {
          try await simulation.sleep(until: .init(offset: BlockIndex(block).end), tolerance: nil)
          inlet.put(block)
        }
        inlet.finish()
        try await group.waitForAll()
      }
      return threadTime() - begin
    }
  }

  private func edge(
    _ label: String, _ from: StageID, _ to: StageID, initial: [Int] = []
  ) -> (writer: EdgeWriter<Int>, reader: EdgeReader<Int>) {
    makeEdge(of: Int.self, name: EdgeName(label, from: from, to: to), initial: initial)
  }

  private func step(_ id: StageID, _ block: Int, _ output: EdgeWriter<Int>) async throws {
    try await simulation.sleep(for: cost(id, block))
    try await output.send(block)
  }

  private func passing(
    _ id: StageID, _ input: EdgeReader<Int>, _ output: EdgeWriter<Int>
  ) -> ToyBody {
    ToyBody(id) {
      while let block = try await input.receive() { try await step(id, block, output) }
    }
  }

  private func speak(_ outlet: ForeignOutlet<Int>) async throws {
    var due = firstTake
    while true {
      try await simulation.sleep(until: .init(offset: due), tolerance: nil)
      if outlet.take() == nil {
        if outlet.isAtEnd { return }
        log.append("underrun at \(due / .milliseconds(1))")
      }
      due += BlockIndex.duration
    }
  }
}

struct TimingSimulationTests {
  /// Every stage but capture takes 5 ms; the language step takes 400 ms for block 10.
  ///
  /// Block k is heard at 80 (k + 1) ms and played 20 ms later; the speaker takes from 160 ms on.
  /// Block 10 is begun at 880 and played at 1,295. Meanwhile 11 is in the encoder, 12 on the edge,
  /// 13 in capture's hand and 14 in the inlet, so 15, heard at 1,280, is dropped. Then a block
  /// every 20 ms: 11 at 1,315, 12 at 1,335, 13 at 1,355, 14 at 1,375 and, in time again, 16 at
  /// 1,395. The speaker finds nothing at 960, 1,040, 1,120, 1,200 and 1,280, and gets 10 at 1,360.
  @Test(arguments: [Schedule.fifo] + (0..<50).map { Schedule.random(seed: $0) })
  func `one slow block costs exactly the predicted ones`(schedule: Schedule) async throws {
    let graph = TimedGraph(
      simulation: Simulation(schedule), blocks: 40,
      cost: { stage, block in
        stage == .language && block == 10 ? .milliseconds(400) : .milliseconds(5)
      }, firstTake: .milliseconds(160))
    try await graph.run()
    #expect(
      graph.log.entries == [
        "underrun at 960.0", "underrun at 1040.0", "underrun at 1120.0", "underrun at 1200.0",
        "underrun at 1280.0", "10 late", "11 late", "12 late", "13 late", "1 dropped before 16",
        "14 late",
      ])
  }

  /// 100 ms for a block that lasts 80: one in five is dropped once the queues are full.
  @Test func `a machine that is too slow drops the share that it cannot do`() async throws {
    let graph = TimedGraph(
      simulation: Simulation(), blocks: 1_000, cost: { _, _ in .milliseconds(25) },
      firstTake: .milliseconds(200))
    try await graph.run()
    let played = graph.latencies.entries.count
    #expect((800...806).contains(played), "\(played)")
    // Bounded: what waits is four blocks at most, 100 ms each, and the block itself.
    #expect(graph.latencies.entries.allSatisfy { $0 <= .milliseconds(500) })
  }

  @Test func `ten minutes with uneven stages take less than a hundredth of it and repeat`()
    async throws
  {
    func log(_ schedule: Schedule) async throws -> ([String], Duration) {
      let graph = TimedGraph(
        simulation: Simulation(schedule), blocks: 7_500,
        cost: { stage, block in
          // Mostly 4 to 12 ms; now and then one of 150.
          let draw = mixed(UInt64(block), UInt64(stage.hashValueOfName)) >> 33
          return draw % 200 == 0 ? .milliseconds(150) : .microseconds(4_000 + Int(draw % 8_000))
        }, firstTake: .milliseconds(160))
      let time = try await graph.run()
      return (graph.log.entries, time)
    }
    let (first, time) = try await log(.fifo)
    // About 0.1 s; this is far from it for the sake of the thread sanitizer.
    #expect(time < .seconds(6), "\(time)")
    #expect(first.contains { $0.hasSuffix("late") } && first.contains { $0.hasPrefix("underrun") })
    #expect(try await log(.fifo).0 == first)
  }
}

extension StageID {
  /// The same in every process, unlike `hashValue`.
  fileprivate var hashValueOfName: Int { rawValue.utf8.reduce(0) { $0 * 31 + Int($1) } }
}
