package import AudioIO
package import Dataflow
import SpeechModel

/// The whole wiring: five stages, five edges, their capacities and the one delay.
///
/// ```
///         blocks          frames           tokens              speech
/// capture ------> encoder ------> language ------> synthesizer ------> playback
///                    ^                                                     |
///                    +------------ own speech, `assistantDelay` blocks ----+
/// ```
///
/// One item on each edge for each block. With a delay of one block, encoder k + 1 waits for
/// playback k: the stages take turns, and a block's latency is the sum of their work. Capacity 1 is
/// enough everywhere; the own-speech edge holds its initial blocks and one more.
package struct Graph {
  package let pipeline: Pipeline
  let playback: PlaybackStage
  /// Every edge, for queue depths and deadlock reports.
  package let edges: [AnyEdge]

  package init(
    model: DuplexModel, configuration: DuplexConfiguration, source: any AudioSource,
    sink: any AudioSink, recording: SessionRecording? = nil, instruments: Instruments,
    capacity: Int = 1, observer: (@Sendable (BlockReport) -> Void)? = nil
  ) throws {
    let delay = model.manifest.block.assistantDelay
    let rates = model.rates

    let blocks = makeEdge(
      of: HeardBlock.self, name: EdgeName("blocks", from: .capture, to: .encoder),
      capacity: capacity)
    let frames = makeEdge(
      of: FrameBlock.self, name: EdgeName("frames", from: .encoder, to: .language),
      capacity: capacity)
    let tokens = makeEdge(
      of: TokenBlock.self, name: EdgeName("tokens", from: .language, to: .synthesizer),
      capacity: capacity)
    let speech = makeEdge(
      of: SpeechBlock.self, name: EdgeName("speech", from: .synthesizer, to: .playback),
      capacity: capacity)
    let ownSpeech = makeEdge(
      of: AudioBlock.self, name: EdgeName("own speech", from: .playback, to: .encoder),
      capacity: delay + capacity,
      initial: (0..<delay).map {
        .silence(.assistant, BlockIndex($0), samples: rates.samples(.environment))
      })
    edges = [
      blocks.writer.edge, frames.writer.edge, tokens.writer.edge, speech.writer.edge,
      ownSpeech.writer.edge,
    ]

    playback = try PlaybackStage(
      rates: rates, chunkBlocks: model.manifest.synthesizer.textChunk, input: speech.reader,
      ownSpeech: ownSpeech.writer, sink: sink,
      instruments: instruments,
      recording: recording, edges: edges, observer: observer)
    pipeline = Pipeline(
      stages: [
        try CaptureStage(
          source: source, output: blocks.writer, instruments: instruments,
          recording: recording),
        EncoderStage(
          encoder: model.encoder, environment: blocks.reader, assistant: ownSpeech.reader,
          output: frames.writer, instruments: instruments),
        LanguageStepStage(
          step: LanguageStep(model: model, configuration: configuration),
          input: frames.reader, output: tokens.writer, instruments: instruments),
        SynthesizerStage(
          sequence: SpeechSequence(
            model.synthesizer, chunk: model.manifest.synthesizer.speechChunk,
            blockSamples: rates.samples(.assistant),
            maximumAhead: configuration.maximumBlocksAhead * rates.samples(.assistant)),
          input: tokens.reader, output: speech.writer, instruments: instruments),
        playback,
      ], edges: edges)
  }
}
