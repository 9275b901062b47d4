import Dataflow
import Foundation
import Measuring

/// The dataflow's own cost: a block through five empty stages and the edge that goes back.
///
/// Prints a table in microseconds a block over many runs, then one line of JSON. `--quick` takes
/// fewer runs.
@main
struct EdgeBenchmarks {
  private struct Result: Codable {
    let plan: String
    let microsecondsPerBlock: Distribution
  }

  private struct Report: Codable {
    let machine: Machine
    let blocks: Int
    let results: [Result]
  }

  static func main() async throws {
    let quick = CommandLine.arguments.contains("--quick")
    let (blocks, runs) = quick ? (1_000, 5) : (10_000, 40)
    let plans: [(String, ExecutorPlan)] = [
      ("one thread (used live)", .oneThread), ("three threads", .live), ("pool", .pool),
    ]
    var results: [Result] = []
    print("plan                      p50     p99     max   µs a block, \(runs) runs of \(blocks)")
    for (name, plan) in plans {
      _ = try await run(blocks, plan)
      var values: [Double] = []
      for _ in 0..<runs { values.append(try await run(blocks, plan)) }
      let found = Distribution(values)
      results.append(Result(plan: name, microsecondsPerBlock: found))
      let figures = [found.p50, found.p99, found.max].map { String(format: "%8.1f", $0) }
      print(name.padding(toLength: 23, withPad: " ", startingAt: 0) + figures.joined())
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let report = Report(machine: Machine(), blocks: blocks, results: results)
    print(String(decoding: try encoder.encode(report), as: UTF8.self))
  }

  /// Microseconds a block.
  private static func run(_ blocks: Int, _ plan: ExecutorPlan) async throws -> Double {
    func edge(
      _ from: StageID, _ to: StageID, initial: [Int] = []
    ) -> (writer: EdgeWriter<Int>, reader: EdgeReader<Int>) {
      makeEdge(
        of: Int.self, name: EdgeName("\(from) to \(to)", from: from, to: to),
        capacity: 1 + initial.count, initial: initial)
    }
    let heard = edge(.capture, .encoder)
    let frames = edge(.encoder, .language)
    let tokens = edge(.language, .synthesizer)
    let speech = edge(.synthesizer, .playback)
    let ownSpeech = edge(.playback, .encoder, initial: [0])
    let pipeline = Pipeline(
      stages: [
        Counting(count: blocks, output: heard.writer),
        Joining(input: heard.reader, own: ownSpeech.reader, output: frames.writer),
        Passing(id: .language, input: frames.reader, output: tokens.writer),
        Passing(id: .synthesizer, input: tokens.reader, output: speech.writer),
        Passing(id: .playback, input: speech.reader, output: ownSpeech.writer),
      ],
      edges: [
        heard.writer.edge, frames.writer.edge, tokens.writer.edge, speech.writer.edge,
        ownSpeech.writer.edge,
      ])
    let clock = ContinuousClock()
    let start = clock.now
    try await pipeline.run(on: plan)
    return (clock.now - start) / .microseconds(1) / Double(blocks)
  }
}

private actor Counting: Stage {
  nonisolated let id = StageID.capture
  private let count: Int
  private let output: EdgeWriter<Int>

  init(count: Int, output: EdgeWriter<Int>) { (self.count, self.output) = (count, output) }

  func run() async throws {
    for block in 0..<count { try await output.send(block) }
  }
}

private actor Joining: Stage {
  nonisolated let id = StageID.encoder
  private let input: EdgeReader<Int>
  private let own: EdgeReader<Int>
  private let output: EdgeWriter<Int>

  init(input: EdgeReader<Int>, own: EdgeReader<Int>, output: EdgeWriter<Int>) {
    (self.input, self.own, self.output) = (input, own, output)
  }

  func run() async throws {
    while let block = try await input.receive(), let heard = try await own.receive() {
      try await output.send(block &+ heard)
    }
  }
}

private actor Passing: Stage {
  nonisolated let id: StageID
  private let input: EdgeReader<Int>
  private let output: EdgeWriter<Int>

  init(id: StageID, input: EdgeReader<Int>, output: EdgeWriter<Int>) {
    (self.id, self.input, self.output) = (id, input, output)
  }

  func run() async throws {
    while let block = try await input.receive() { try await output.send(block) }
  }
}
