import ArgumentParser
import Foundation
import Scenarios

/// Measures how fast conversations are mixed.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure how fast full-duplex conversations are mixed; writes nothing.")

  @Option(help: "How many conversations.")
  var count = 200

  @OptionGroup var work: JobOptions

  func validate() throws { try expectPositive(("--count", count)) }

  func run() async throws {
    let troupe = try Troupe.tones(world: .builtIn(), split: .train, speakers: 12, seed: 1)
    let recipe = CorpusRecipe(kind: .duplex, troupe: troupe, seed: 1)
    var blocks = 0
    let start = ContinuousClock.now
    try await inOrder(count, jobs: work.jobs) { index in
      try recipe.shard(index..<index + 1).samples.count / (4 * TurnTiming.block)
    } take: { _, count in
      blocks += count
    }
    let seconds = Double(blocks) * 0.08
    let spent = (ContinuousClock.now - start) / .milliseconds(1) / 1_000
    print(
      "\(count) conversations, \(Int(seconds)) s, in \((spent * 100).rounded() / 100) s on "
        + "\(work.jobs) threads: \(Int(seconds / spent)) times real time")
  }
}
