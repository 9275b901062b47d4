import AudioIO
import Dataflow
import Duplex
import SpeechModel

/// Runs a model on noise, as in a conversation and at full speed.
enum ModelProbe {
  /// Touches every weight, so that the first block of a conversation is not late.
  static func warmUp(_ model: DuplexModel) async throws { _ = try await run(model, blocks: 8) }

  /// Gives the timings of so many blocks.
  ///
  /// Tokens are drawn, so that it speaks now and then.
  static func run(_ model: DuplexModel, blocks: Int) async throws -> SessionSummary {
    var configuration = DuplexConfiguration()
    configuration.temperature = 1
    let session = try DuplexSession(
      model: model, configuration: configuration, source: NoiseSource(blocks: blocks),
      sink: SilentSink(sampleRate: model.sampleRate))
    return try await session.run()
  }
}

/// Blocks of quiet noise, at once.
private actor NoiseSource: AudioSource {
  private var left: Int
  private var random = SeededRandom(seed: 1)

  init(blocks: Int) { left = blocks }

  func next() -> SourceBlock? {
    guard left > 0 else { return nil }
    left -= 1
    let samples = (0..<SourceBlock.sampleCount).map { _ in random.uniformFloat() * 0.02 - 0.01 }
    return SourceBlock(samples: SampleRounding.rounded(samples).samples)
  }

  nonisolated func close() {}
}
