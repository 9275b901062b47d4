import Dataflow
import Kernels
import SpeechModel

/// A block of the environment and one of the assistant in, the embeddings of both out.
///
/// The assistant's block k is what playback put out for block k - `assistantDelay`: the edge from
/// playback begins with so many blocks of silence.
actor EncoderStage: Stage {
  nonisolated let id = StageID.encoder
  private var encoder: DualStreamEncoder
  private let environment: EdgeReader<HeardBlock>
  private let assistant: EdgeReader<AudioBlock>
  private let output: EdgeWriter<FrameBlock>
  private let instruments: Instruments

  init(
    encoder: DualStreamEncoder, environment: EdgeReader<HeardBlock>,
    assistant: EdgeReader<AudioBlock>, output: EdgeWriter<FrameBlock>, instruments: Instruments
  ) {
    (self.encoder, self.environment, self.assistant) = (encoder, environment, assistant)
    (self.output, self.instruments) = (output, instruments)
  }

  func run() async throws {
    while let heard = try await environment.receive(), let own = try await assistant.receive() {
      var trace = heard.trace
      try await instruments.begin(id, &trace)
      let embeddings = try encoder.step(environment: heard.audio.samples, assistant: own.samples)
      instruments.end(id, &trace, embeddings.environment.values + embeddings.assistant.values)
      try await output.send(
        FrameBlock(
          environment: Frames(stream: .environment, embeddings: embeddings.environment),
          assistant: Frames(stream: .assistant, embeddings: embeddings.assistant), trace: trace))
    }
  }
}
