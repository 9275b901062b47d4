package import Foundation

/// What a corpus's folder says of itself.
package struct CorpusHeader: Sendable, Codable, Equatable {
  package var format = "salmonn-omni corpus"
  package var version = 1
  package var seed: UInt64
  package var kind: String
  package var split: Split
  package var sampleRate = 16_000
  package var conversations: Int
  package var shards: [String]
  package var timing: TurnTiming?

  /// Describes a corpus.
  package init(
    seed: UInt64, kind: String, split: Split, conversations: Int, shards: [String],
    timing: TurnTiming? = nil
  ) {
    self.seed = seed
    self.kind = kind
    self.split = split
    self.conversations = conversations
    self.shards = shards
    self.timing = timing
  }
}

/// One shard in memory: conversations after each other, and a line for each.
package struct Shard: Sendable {
  package private(set) var lines = Data()
  package private(set) var samples = Data()

  /// An empty shard.
  package init() {}

  /// Adds a conversation: all samples of its environment, then all of the assistant.
  package mutating func append(
    _ record: ConversationRecord, environment: [Float], assistant: [Float]
  ) throws(ScenarioError) {
    var record = record
    record.offset = samples.count
    try append(record, PCM.encode(environment) + PCM.encode(assistant), id: record.id)
  }

  /// Adds a line of JSON and the samples it speaks of.
  mutating func append(
    _ record: some Encodable, _ data: Data, id: String
  ) throws(ScenarioError) {
    samples.append(data)
    do { lines += try Self.encoder.encode(record) } catch {
      throw ScenarioError(.malformed, id, "\(error)")
    }
    lines.append(UInt8(ascii: "\n"))
  }

  /// Writes `NAME.pcm` and `NAME.jsonl`.
  package func write(name: String, in folder: URL) throws(ScenarioError) {
    do {
      try samples.write(to: folder.appending(path: "\(name).pcm"))
      try lines.write(to: folder.appending(path: "\(name).jsonl"))
    } catch { throw ScenarioError(.unreadable, folder.path, error.localizedDescription) }
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}

extension CorpusRecipe {
  /// The shard that holds some of the conversations.
  package func shard(_ conversations: Range<Int>) throws(ScenarioError) -> Shard {
    var shard = Shard()
    for index in conversations {
      let (record, environment, assistant) = conversation(index)
      try shard.append(record, environment: environment, assistant: assistant)
    }
    return shard
  }

  /// The lines of a shard of scripts: no samples.
  package func scripts(_ conversations: Range<Int>) throws(ScenarioError) -> Shard {
    var shard = Shard()
    for index in conversations {
      let record = script(index)
      try shard.append(record, Data(), id: record.id)
    }
    return shard
  }
}

extension CorpusHeader {
  /// The name of a shard.
  package static func name(ofShard index: Int) -> String {
    let digits = String(index)
    return "shard-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }

  /// Writes `corpus.json`.
  package func write(to folder: URL) throws(ScenarioError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    do {
      try encoder.encode(self).write(to: folder.appending(path: "corpus.json"))
    } catch { throw ScenarioError(.unreadable, folder.path, error.localizedDescription) }
  }
}
