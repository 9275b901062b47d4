import AudioIO
import Dataflow

/// What to record of a session, and where: each stage opens and writes its own file.
package struct SessionRecording: Sendable {
  let folder: SessionFolder
  let header: JournalHeader
  let rates: StreamRates
}

/// The writer of `environment.wav`, which is always ahead of the journal.
struct EnvironmentRecording: ~Copyable {
  private let file: SoundFileWriter

  init(_ recording: SessionRecording) throws {
    file = try SoundFileWriter(
      recording.folder.environment, sampleRate: recording.rates.environment,
      keepsHeaderValid: true)
  }

  mutating func append(_ samples: [Float]) throws {
    try file.write(samples)
  }
}

/// The writer of `assistant.wav` and of the journal, in this order for each block: a block whose
/// line is whole has all its sound on the disk.
struct ConversationRecording: ~Copyable {
  private let file: SoundFileWriter
  private var journal: JournalWriter

  init(_ recording: SessionRecording) throws {
    let file = try SoundFileWriter(
      recording.folder.assistant, sampleRate: recording.rates.assistant,
      keepsHeaderValid: true)
    let journal = try JournalWriter(path: recording.folder.journal, header: recording.header)
    self.file = file
    self.journal = journal
  }

  mutating func append(_ samples: [Float], _ trace: BlockTrace) throws {
    try file.write(samples)
    for event in trace.events { try journal.append(event) }
    try journal.append(.block(trace.record))
  }

  mutating func close(
    _ block: BlockIndex, _ reason: JournalEvent.EndReason, detail: String
  ) throws {
    try file.close()
    try journal.append(.end(block, reason: reason, detail: detail))
  }
}
