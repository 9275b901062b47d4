import ArgumentParser
import Foundation
import Scenarios

extension CorpusKind: ExpressibleByArgument {}
extension Scene: ExpressibleByArgument {}

/// Mixes a corpus from banks of voices.
struct CorpusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mix",
    abstract: "Mix a corpus of conversations from a bank of users and one of the assistant.")

  @Argument(help: "asr (one utterance), qa (one question and answer) or duplex (everything).")
  var kind: CorpusKind

  @Argument(help: "The new corpus's folder.", completion: .directory)
  var folder: String

  @Option(help: "A bank of users; may be given several times.", completion: .directory)
  var users: [String]

  @Option(help: "The assistant's bank.", completion: .directory)
  var assistant: String

  @Option(help: "How many conversations.")
  var count: Int

  @Option(help: "How many conversations a shard holds.")
  var shard = 500

  @Option(help: "Where the random numbers start.")
  var seed: UInt64 = 1

  @Option(help: "One scene only: \(Scene.allCases.map(\.rawValue).joined(separator: ", ")).")
  var scene: Scene?

  @Option(
    help: "One engine only: espeak-ng, flite, pico, rhvoice, hibari, kokoro, festival or people.")
  var engine: String?

  @Option(help: "The factor of the assistant's echo in every conversation, 0 to 1.")
  var echo: Double?

  @Flag(help: "No room, noise, gain or echo.")
  var clean = false

  @Flag(help: "Write scripts without samples, which training mixes itself from the banks.")
  var scripts = false

  @Option(help: "Milliseconds from the end of speech to the end of the block of the shift.")
  var response = 80

  @Option(help: "Blocks from the shift to the first sound.")
  var audioDelay = 1

  @Option(help: "The share of the assistant's starts and ends that come up to 640 ms late.")
  var misses = 0.0

  @OptionGroup var work: JobOptions

  func validate() throws {
    try expectPositive(("--count", count), ("--shard", shard))
    if !(0...60_000).contains(response) {
      throw ValidationError("--response takes 0 to 60000 milliseconds.")
    }
    if !(0...100).contains(audioDelay) {
      throw ValidationError("--audio-delay takes 0 to 100 blocks.")
    }
    if !(0...1).contains(misses) { throw ValidationError("--misses takes 0 to 1.") }
    if let echo, !(0...1).contains(echo) { throw ValidationError("--echo takes 0 to 1.") }
  }

  func run() async throws {
    let troupe = try Troupe(
      users: VoiceBank(joining: users.map { try VoiceBank(folder: URL(filePath: $0)) }),
      assistant: VoiceBank(folder: URL(filePath: assistant)), engine: engine)
    var recipe = CorpusRecipe(kind: kind, troupe: troupe, seed: seed)
    recipe.scene = scene
    recipe.echo = echo
    recipe.isClean = clean
    recipe.misses = misses
    recipe.timing.response = response * 16
    recipe.timing.audioDelay = audioDelay
    let target = URL(filePath: folder)
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    let (ready, size, total, isScript) = (recipe, shard, count, scripts)
    let shards = (total + size - 1) / size
    var bytes = 0
    let start = ContinuousClock.now
    try await inOrder(shards, jobs: work.jobs) { index in
      let range = index * size..<min(total, (index + 1) * size)
      let shard = try isScript ? ready.scripts(range) : ready.shard(range)
      try shard.write(name: CorpusHeader.name(ofShard: index), in: target)
      return shard.samples.count
    } take: { _, count in
      bytes += count
    }
    try CorpusHeader(
      seed: seed, kind: kind.rawValue, split: troupe.users.split, conversations: total,
      shards: (0..<shards).map(CorpusHeader.name(ofShard:)), timing: recipe.timing
    ).write(to: target)
    let seconds = Double(bytes / 4) / 16_000
    let spent = Double((ContinuousClock.now - start) / .milliseconds(1)) / 1_000
    print(
      "\(folder): \(total) conversations, \((seconds / 36).rounded() / 100) h in "
        + "\((spent * 10).rounded() / 10) s, \(Int(seconds / max(spent, 0.001))) times real time")
  }
}
