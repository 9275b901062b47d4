import Foundation

/// Levels: what counts as audible, and how loud an utterance is kept.
package enum VoiceLevel {
  /// 10 ms.
  package static let window = 160
  /// The root mean square of a window at -50 dBFS: what is above is audible.
  package static let audible: Float = 0.003_162_277_7
  /// The root mean square that utterances are kept at: -26 dBFS.
  package static let rms: Float = 0.05

  /// The root mean square of samples.
  package static func rms(_ samples: ArraySlice<Float>) -> Float {
    guard !samples.isEmpty else { return 0 }
    return Float((samples.reduce(0) { $0 + Double($1 * $1) } / Double(samples.count)).squareRoot())
  }

  /// The part of a recording from its first to its last audible window, at ``rms``.
  ///
  /// The windows move by 1 ms. Empty where nothing is audible.
  package static func trimmed(_ samples: [Float]) -> [Float] {
    var current = samples
    // The level depends on the part that is kept, and the part on the level: twice is enough.
    for _ in 0..<2 {
      let level = rms(current[...])
      guard level > 1e-6 else { return [] }
      let peak = current.reduce(0) { max($0, abs($1)) }
      let factor = min(rms / level, 0.9 / peak)
      for i in current.indices { current[i] *= factor }
      guard let range = audibleRange(current) else { return [] }
      current = Array(current[range])
    }
    return current
  }

  /// From the first sample of the first audible window to the last of the last, or nil.
  package static func audibleRange(_ samples: [Float]) -> Range<Int>? {
    guard samples.count >= window else { return nil }
    let limit = Double(audible) * Double(audible) * Double(window)
    var first: Int?
    var end = 0
    for start in stride(from: 0, through: samples.count - window, by: 16) {
      var energy = 0.0
      for i in start..<start + window { energy += Double(samples[i] * samples[i]) }
      guard energy > limit else { continue }
      if first == nil { first = start }
      end = start + window
    }
    return first.map { $0..<end }
  }
}
