import AudioIO
import Dataflow
import SpeechModel

/// A source's blocks, numbered; the only place where blocks may have been dropped before.
actor CaptureStage: Stage {
  nonisolated let id = StageID.capture
  private let source: any AudioSource
  private let output: EdgeWriter<HeardBlock>
  private let instruments: Instruments
  private var recording: EnvironmentRecording?

  init(
    source: any AudioSource, output: EdgeWriter<HeardBlock>, instruments: Instruments,
    recording: SessionRecording?
  ) throws {
    (self.source, self.output, self.instruments) = (source, output, instruments)
    if let recording { self.recording = try EnvironmentRecording(recording) }
  }

  func run() async throws {
    var index = BlockIndex.first
    while let block = try await source.next() {
      var trace = BlockTrace(block: index, arrival: instruments.stopwatch.elapsed)
      try await instruments.begin(id, &trace)
      trace.note(block)
      // Before the block goes on: what the journal says was heard is on the disk.
      try recording?.append(block.samples)
      instruments.end(id, &trace, block.samples)
      let audio = AudioBlock(stream: .environment, index: index, samples: block.samples)
      guard try await output.send(HeardBlock(audio: audio, trace: trace)) else { return }
      index = index.next
    }
  }
}

extension BlockTrace {
  /// Takes over what happened at the source before and in the block.
  fileprivate mutating func note(_ source: SourceBlock) {
    if source.droppedBefore > 0 { events.append(.drop(block, count: source.droppedBefore)) }
    events += source.events.map { JournalEvent($0, block) }
    let defects = source.defects
    if !defects.isEmpty {
      events.append(
        .defects(
          block, notFinite: defects.notFinite, clipped: defects.clipped,
          missing: defects.missing))
    }
    environmentLevel = Level.decibels(source.samples)
  }
}

extension JournalEvent {
  /// What a sound device did, as an event.
  init(_ event: AudioDeviceEvent, _ block: BlockIndex) {
    switch event {
    case .lost(let device): self = .deviceLost(block, device: device)
    case .returned(let device): self = .deviceBack(block, device: device)
    }
  }
}
