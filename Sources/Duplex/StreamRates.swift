import Dataflow
import SpeechModel

/// The sample rates of both streams.
struct StreamRates: Hashable, Sendable {
  /// What is heard: 16 kHz.
  let environment: Int
  /// What is put out: the synthesizer's rate.
  let assistant: Int

  /// The samples of a block of 80 ms.
  func samples(_ stream: AudioStream) -> Int {
    BlockIndex.samples(at: stream == .environment ? environment : assistant)
  }

  /// The rate at which a block of 80 ms has so many samples.
  static func rate(ofBlock samples: Int) -> Int { samples * 1_000 / 80 }
}
