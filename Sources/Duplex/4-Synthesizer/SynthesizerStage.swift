import Dataflow
import SpeechModel

/// Decisions in, samples out.
actor SynthesizerStage: Stage {
  nonisolated let id = StageID.synthesizer
  private var sequence: SpeechSequence
  private let input: EdgeReader<TokenBlock>
  private let output: EdgeWriter<SpeechBlock>
  private let instruments: Instruments

  init(
    sequence: SpeechSequence, input: EdgeReader<TokenBlock>, output: EdgeWriter<SpeechBlock>,
    instruments: Instruments
  ) {
    (self.sequence, self.input, self.output) = (sequence, input, output)
    self.instruments = instruments
  }

  func run() async throws {
    while let tokens = try await input.receive() {
      var trace = tokens.trace
      try await instruments.begin(id, &trace)
      let speech = sequence.step(tokens.speech)
      instruments.end(id, &trace, speech.samples)
      try await output.send(SpeechBlock(speech: speech, trace: trace))
    }
  }
}
