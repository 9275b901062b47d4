package import Foundation

/// Writes a bank's folder as its utterances come; the header comes last.
package final class VoiceBankWriter {
  private let folder: URL
  private let split: Split
  private let seed: UInt64
  private let lines: FileHandle
  private let samples: FileHandle
  private var count = 0
  private var written = 0

  /// Makes the folder and its files.
  package init(folder: URL, split: Split, seed: UInt64) throws(ScenarioError) {
    self.folder = folder
    self.split = split
    self.seed = seed
    do {
      let files = FileManager.default
      try files.createDirectory(at: folder, withIntermediateDirectories: true)
      for name in ["utterances.jsonl", "samples.pcm"] {
        try Data().write(to: folder.appending(path: name))
      }
      lines = try FileHandle(forWritingTo: folder.appending(path: "utterances.jsonl"))
      samples = try FileHandle(forWritingTo: folder.appending(path: "samples.pcm"))
    } catch { throw ScenarioError(.unreadable, folder.path, error.localizedDescription) }
  }

  /// How many samples have been written.
  package var sampleCount: Int { written }

  /// How many utterances have been written.
  package var utteranceCount: Int { count }

  /// Adds the lines of one speaker.
  package func append(
    _ spokenLines: [(VoiceBankPlan.Line, [Float])]
  ) throws(ScenarioError) {
    var assembly = VoiceBankAssembly()
    for (line, spoken) in spokenLines { assembly.append(line.utterance, samples: spoken) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      var text = Data()
      for var utterance in assembly.utterances {
        utterance.offset += written
        utterance.after = utterance.after.map { $0 + count }
        text += try encoder.encode(utterance)
        text.append(UInt8(ascii: "\n"))
      }
      try lines.write(contentsOf: text)
      let data = assembly.takeSamples()
      try samples.write(contentsOf: data)
      count += assembly.utterances.count
      written += data.count / 2
    } catch { throw ScenarioError(.unreadable, folder.path, error.localizedDescription) }
  }

  /// Writes the header: the bank is whole.
  package func finish() throws(ScenarioError) {
    let header = VoiceBank.Header(split: split, seed: seed, count: count)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    do {
      try lines.close()
      try samples.close()
      try encoder.encode(header).write(to: folder.appending(path: "bank.json"))
    } catch { throw ScenarioError(.unreadable, folder.path, error.localizedDescription) }
  }
}
