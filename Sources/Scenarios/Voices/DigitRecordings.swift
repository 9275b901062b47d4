import Dataflow
package import Foundation

/// Digits spoken by people, joined into series of the same person.
///
/// A file is named `{digit}_{person}_{take}.wav`. A request's text is a series of digit words.
package struct DigitRecordings: SpeechSynthesizing {
  private let folder: URL
  private let takes: ClosedRange<Int>

  /// The recordings of a folder.
  ///
  /// - Parameters:
  ///   - folder: Where the files are.
  ///   - takes: The takes that may be used.
  package init(folder: URL, takes: ClosedRange<Int>) {
    self.folder = folder
    self.takes = takes
  }

  package func speak(_ requests: [SpeechRequest]) throws(ScenarioError) -> [[Float]] {
    let names = Dictionary(
      uniqueKeysWithValues: (0...9).map { (NumberWords.words($0), $0) })
    var spoken: [[Float]] = []
    for request in requests {
      var random = SplitMix64(seed: request.seed)
      // One person keeps about one pace.
      let pace = random.uniform(480, 2_000)
      var samples: [Float] = []
      for word in World.words(of: request.text) {
        guard let digit = names[word] else {
          throw ScenarioError(.missing, word, "people recorded digits only")
        }
        let name = "\(digit)_\(request.speaker.voice)_\(random.integer(takes)).wav"
        let wave = try WaveFile(contentsOf: folder.appending(path: name))
        let ratio = 16_000 / Double(wave.sampleRate) / request.speaker.warp
        if !samples.isEmpty {
          let gap = Int(min(2_400, pace * random.uniform(0.7, 1.3)))
          samples += [Float](repeating: 0, count: gap)
        }
        samples += VoiceLevel.trimmed(Resampling.resample(wave.samples, ratio: ratio))
      }
      spoken.append(VoiceLevel.trimmed(samples))
    }
    return spoken
  }
}
