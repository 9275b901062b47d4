package import Foundation

/// A corpus's folder, conversation by conversation.
package struct CorpusReader: Sendable {
  /// What the folder says of itself.
  package let header: CorpusHeader
  /// The lines of all shards.
  package let records: [ConversationRecord]
  private let samples: [Data]
  private let shard: [Int]

  /// Opens a folder; samples are mapped, not read.
  ///
  /// - Throws: ``ScenarioError`` where the folder is no corpus or samples are missing.
  package init(folder: URL) throws(ScenarioError) {
    var (records, samples, shard): ([ConversationRecord], [Data], [Int]) = ([], [], [])
    do {
      let decoder = JSONDecoder()
      header = try decoder.decode(
        CorpusHeader.self, from: Data(contentsOf: folder.appending(path: "corpus.json")))
      for (index, name) in header.shards.enumerated() {
        let lines = try Data(contentsOf: folder.appending(path: "\(name).jsonl"))
        for line in lines.split(separator: UInt8(ascii: "\n")) {
          records.append(try decoder.decode(ConversationRecord.self, from: line))
          shard.append(index)
        }
        samples.append(
          try Data(contentsOf: folder.appending(path: "\(name).pcm"), options: .alwaysMapped))
      }
    } catch {
      throw ScenarioError(
        .unreadable, folder.path,
        "is no corpus of conversations; make one with make-corpus mix: \(error)")
    }
    for (record, index) in zip(records, shard)
    where record.offset + 4 * TurnTiming.block * record.blocks > samples[index].count {
      throw ScenarioError(.malformed, folder.path, "samples are missing; make the corpus again")
    }
    (self.records, self.samples, self.shard) = (records, samples, shard)
  }

  /// The environment of a conversation, from -1 to 1.
  package func environment(_ index: Int) -> [Float] {
    let record = records[index]
    return PCM.decode(
      samples[shard[index]], from: record.offset, count: record.blocks * TurnTiming.block)
  }
}
