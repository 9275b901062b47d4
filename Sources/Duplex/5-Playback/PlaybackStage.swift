import AudioIO
import Dataflow
import SpeechModel

/// Samples in; exactly one block out for each block: to the device, and back to the encoder.
///
/// What the model hears of itself is the block that was due, whether or not the loudspeaker was
/// late: lateness is an event, never an input.
actor PlaybackStage: Stage {
  nonisolated let id = StageID.playback
  private var buffer: PlayoutBuffer
  private let resampler: BlockResampler
  private let input: EdgeReader<SpeechBlock>
  private let ownSpeech: EdgeWriter<AudioBlock>
  private let sink: any AudioSink
  private let instruments: Instruments
  private var recording: ConversationRecording?
  private let edges: [AnyEdge]
  private let observer: (@Sendable (BlockReport) -> Void)?
  /// What the session amounted to so far.
  private(set) var summary = SessionSummary()

  init(
    rates: StreamRates, chunkBlocks: Int, input: EdgeReader<SpeechBlock>,
    ownSpeech: EdgeWriter<AudioBlock>, sink: any AudioSink, instruments: Instruments,
    recording: SessionRecording?, edges: [AnyEdge],
    observer: (@Sendable (BlockReport) -> Void)?
  ) throws {
    buffer = PlayoutBuffer(
      blockSamples: rates.samples(.assistant), fadeSamples: rates.assistant / 100,
      chunkBlocks: chunkBlocks)
    (self.input, self.ownSpeech) = (input, ownSpeech)
    resampler = BlockResampler(from: rates.assistant, to: rates.environment)
    (self.sink, self.instruments) = (sink, instruments)
    (self.edges, self.observer) = (edges, observer)
    if let recording { self.recording = try ConversationRecording(recording) }
  }

  func run() async throws {
    while let speech = try await input.receive() {
      var trace = speech.trace
      try await instruments.begin(id, &trace)
      var due = buffer.step(speech.speech)
      due.samples = SampleRounding.rounded(due.samples).samples
      // The encoder waits for this: it comes first.
      try await ownSpeech.send(
        AudioBlock(
          stream: .assistant, index: trace.block, samples: resampler.step(due.samples)))
      let report = try await sink.put(due.samples)
      instruments.end(id, &trace, due.samples)
      for edge in edges { trace.record.queues[edge.name.label] = edge.snapshot().count }
      trace.note(due, report)
      try finish(trace, due.samples)
    }
    // The last words and the device's delay.
    let report = try await sink.finish()
    summary.note(report)
  }

  private func finish(_ trace: BlockTrace, _ samples: [Float]) throws {
    try recording?.append(samples, trace)
    summary.note(trace)
    observer?(
      BlockReport(
        record: trace.record, events: trace.events, environmentLevel: trace.environmentLevel,
        assistantLevel: Level.decibels(samples), assistant: samples))
  }

  /// Writes why the session ended; to be called when the stage has returned.
  func close(_ reason: JournalEvent.EndReason, detail: String) throws {
    try recording?.close(BlockIndex(summary.blocks), reason, detail: detail)
    recording = nil
  }
}

extension BlockTrace {
  /// Takes over what happened at the output.
  fileprivate mutating func note(_ due: PlayoutBuffer.Block, _ report: SinkReport) {
    if due.underrun > 0 { events.append(.underrun(block, samples: due.underrun)) }
    if due.isYield { events.append(.yield(block, samples: due.yielded)) }
    if report.underrunSamples > 0 || report.droppedSamples > 0 {
      events.append(
        .late(block, underrun: report.underrunSamples, dropped: report.droppedSamples))
    }
    events += report.events.map { JournalEvent($0, block) }
  }
}
