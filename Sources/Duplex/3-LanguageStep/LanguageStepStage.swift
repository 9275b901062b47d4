import Dataflow
import Kernels
import SpeechModel

/// Embeddings of both streams in, one decision out.
actor LanguageStepStage: Stage {
  nonisolated let id = StageID.language
  private var step: LanguageStep
  private let input: EdgeReader<FrameBlock>
  private let output: EdgeWriter<TokenBlock>
  private let instruments: Instruments

  init(
    step: LanguageStep, input: EdgeReader<FrameBlock>, output: EdgeWriter<TokenBlock>,
    instruments: Instruments
  ) {
    (self.step, self.input, self.output) = (step, input, output)
    self.instruments = instruments
  }

  func run() async throws {
    while let frames = try await input.receive() {
      var trace = frames.trace
      try await instruments.begin(id, &trace)
      let decision = try step.step(
        environment: frames.environment.embeddings, assistant: frames.assistant.embeddings)
      trace.record(decision)
      instruments.end(id, &trace, decision.computed, tokens: [decision.token])
      try await output.send(TokenBlock(speech: decision.speech, trace: trace))
    }
  }
}
