import ArgumentParser
import Foundation
import Scenarios

/// Speaks lines to learn the assistant's voice from.
struct AssistantLinesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "assistant-lines",
    abstract: "Write distinct lines in the assistant's voice, which cover every word.")

  @Argument(help: "The new corpus's folder.", completion: .directory)
  var folder: String

  @Option(help: "How many lines.")
  var count = 6_000

  @Option(help: "Where the random numbers start.")
  var seed: UInt64 = 1

  @OptionGroup var speaking: AssistantOptions

  func validate() throws { try expectPositive(("--count", count)) }

  func run() async throws {
    let world = try World.builtIn()
    let speaker = world.rules.assistantSpeaker
    let lines = world.assistantLines(count: count, seed: seed)
    let target = URL(filePath: folder)
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    let (batch, python) = (500, speaking.python)
    let shards = (lines.count + batch - 1) / batch
    var samples = 0
    try await inOrder(shards, jobs: speaking.work.jobs) { index in
      let part = lines[index * batch..<min(lines.count, (index + 1) * batch)]
      let spoken = try CommandVoices(python: python).speak(
        part.map { SpeechRequest(speaker: speaker, text: $0) })
      var shard = Shard()
      for (offset, (text, spoken)) in zip(part, spoken).enumerated() {
        try shard.append(line: text, id: "line-\(index * batch + offset)", samples: spoken)
      }
      try shard.write(name: CorpusHeader.name(ofShard: index), in: target)
      return shard.samples.count / 2
    } take: { _, count in
      samples += count
    }
    try CorpusHeader(
      seed: seed, kind: "assistant-lines", split: .train, conversations: lines.count,
      shards: (0..<shards).map(CorpusHeader.name(ofShard:))
    ).write(to: target)
    print("\(folder): \(lines.count) lines, \(samples / 16_000) s")
  }
}
