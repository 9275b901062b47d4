import Dataflow
import Foundation

/// A voice without a synthesizer, for tests and benchmarks.
///
/// Each word is a short buzz whose pitch and colour depend on the word and on the speaker. Equal
/// requests give equal samples.
package struct ToneVoice: SpeechSynthesizing {
  /// Makes the voice.
  package init() {}

  package func speak(_ requests: [SpeechRequest]) throws(ScenarioError) -> [[Float]] {
    requests.map { request in
      var voice = SplitMix64(seed: stableHash(request.speaker.id))
      let pitch = voice.uniform(90, 240)
      var samples: [Float] = []
      for word in World.words(of: request.text) {
        var random = SplitMix64(seed: stableHash(word))
        let count = Int(
          (Double(1_280 + 320 * min(word.utf8.count, 10)) / request.speaker.rate).rounded())
        let harmonic = random.integer(2...12)
        for i in 0..<count {
          let phase = 2 * Double.pi * pitch * Double(i) / 16_000
          samples.append(Float(0.5 * sin(phase) + 0.5 * sin(phase * Double(harmonic))))
        }
      }
      return VoiceLevel.trimmed(samples)
    }
  }
}
