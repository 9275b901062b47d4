import ArgumentParser
import Dataflow
import Duplex
import Foundation
import Kernels
import Measuring
import SessionView
import SpeechModel
import Synchronization

/// How long each stage takes for a block of 80 ms, and a block from its arrival to its answer.
@main
struct Latency: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "latency",
    abstract: "Run a model open loop and measure every block against its 80 ms.",
    discussion: """
      Block n is due at start + (n + 1) x 80 ms, and its latency is counted from then: a late \
      block makes the next ones late too. Writes latency.json and latency.png.
      """)

  @Argument(help: "A model bundle.", completion: .directory)
  var model: String

  @Option(help: "How long.")
  var seconds = 60.0

  @Option(help: "Seconds at the beginning that do not count.")
  var warmUp = 2.0

  @Option(help: "Threads that share the work of a part.")
  var threads = 2

  @Option(help: "What runs where: live, one-thread or three-threads.")
  var plan = "live"

  @Option(help: "Divides the logits; 1 lets random weights speak.")
  var temperature: Float = 0

  @Option(help: "The folder for latency.json and latency.png.", completion: .directory)
  var output = "."

  struct Row: Codable {
    let stage: String
    let milliseconds: Distribution
    let misses: Int
  }

  struct Report: Codable {
    let machine: Machine
    let model: String
    let kernels: String
    let core: String
    let threads: Int
    let plan: String
    let blocks: Int
    let rows: [Row]
  }

  func validate() throws {
    if !(seconds > warmUp && warmUp >= 0 && seconds <= 86_400) {
      throw ValidationError("--seconds must exceed --warm-up.")
    }
    if !["live", "one-thread", "three-threads"].contains(plan) {
      throw ValidationError("--plan takes live, one-thread or three-threads.")
    }
  }

  func run() async throws {
    let loaded = try DuplexModel(ModelBundle(path: model), compute: Compute(threads: threads))
    let blocks = Int(seconds / 0.08)
    let skipped = Int(warmUp / 0.08)
    let loop = OpenLoop(blocks: blocks, sampleRate: loaded.sampleRate)
    var configuration = DuplexConfiguration()
    configuration.temperature = temperature
    let session = try DuplexSession(
      model: loaded, configuration: configuration, source: loop, sink: loop)
    let collected = Collected()
    let plans: [String: ExecutorPlan] = ["one-thread": .oneThread, "three-threads": .live]
    _ = try await session.run(on: plans[plan]) { collected.take($0.record) }

    var rows = StageID.allCases.map { stage in
      row(stage.rawValue, Array(collected.work(stage).dropFirst(skipped)))
    }
    rows.append(row("end to end", Array(loop.latencies.dropFirst(skipped))))
    let report = Report(
      machine: Machine(), model: loaded.manifest.name,
      kernels: loaded.compute.backend.rawValue, core: OpenBLASRuntime.coreName, threads: threads,
      plan: plan, blocks: blocks, rows: rows.map(\.row))
    try write(report, rows)
  }

  private func row(_ name: String, _ values: [Double]) -> (row: Row, values: [Double]) {
    let misses = values.count { $0 > 80 }
    return (Row(stage: name, milliseconds: Distribution(values), misses: misses), values)
  }

  private func write(_ report: Report, _ rows: [(row: Row, values: [Double])]) throws {
    print(
      "\(report.machine.processor), \(report.machine.processors) processors, load "
        + "\(report.machine.load), \(report.model), \(report.blocks) blocks")
    print("milliseconds       p50     p90     p99   p99.9     max   over 80 ms")
    for (row, _) in rows {
      let found = row.milliseconds
      let figures = [found.p50, found.p90, found.p99, found.p999, found.max]
      print(
        row.stage.padding(toLength: 13, withPad: " ", startingAt: 0)
          + figures.map { String(format: "%8.2f", $0) }.joined()
          + String(format: "%13d", row.misses))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    let folder = URL(filePath: output)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try encoder.encode(report).write(to: folder.appending(path: "latency.json"))
    let chart = LatencyChart(
      title: "\(report.model): latency of a block",
      subtitle: "\(report.machine.processor), \(report.machine.processors) processors, "
        + "load \(report.machine.load), \(report.kernels), \(report.threads) threads, "
        + "\(report.plan) plan, commit \(report.machine.commit), \(report.machine.date)",
      stages: rows.map { $0.row.chartStage($0.values) })
    try chart.png(path: folder.appending(path: "latency.png").path)
  }
}

extension Latency.Row {
  /// The row of the picture, with a histogram of 16 buckets for each doubling.
  fileprivate func chartStage(_ values: [Double]) -> LatencyChart.Stage {
    var counts: [Int: Int] = [:]
    for value in values { counts[Int((log2(max(value, 1e-3)) * 16).rounded(.up)), default: 0] += 1 }
    return LatencyChart.Stage(
      name: stage,
      buckets: counts.sorted { $0.key < $1.key }.map {
        LatencyChart.Bucket(upperBound: exp2(Double($0.key) / 16), count: $0.value)
      },
      p50: milliseconds.p50, p90: milliseconds.p90, p99: milliseconds.p99,
      p999: milliseconds.p999, max: milliseconds.max, misses: misses)
  }
}

/// The work of each stage, block by block.
private final class Collected: Sendable {
  private let spans = Mutex<[[StageID: StageSpan]]>([])

  func take(_ record: BlockRecord) { spans.withLock { $0.append(record.timings) } }

  /// Milliseconds.
  func work(_ stage: StageID) -> [Double] {
    spans.withLock { $0 }.compactMap { $0[stage].map { $0.work / .milliseconds(1) } }
  }
}
