package import Dataflow

/// What lies between the speakers and the microphone's samples.
package struct Conditions: Sendable, Codable, Equatable {
  /// Noise in the background.
  package enum Noise: String, Sendable, Codable, CaseIterable {
    case none, white, pink, brown, hum, babble
  }

  /// What the line lets through.
  package enum Band: String, Sendable, Codable { case full, telephone, muffled }

  package var noise = Noise.none
  /// User's speech to noise in dB; nothing without noise.
  package var snr: Double?
  /// The factor of the assistant's own speech in the microphone.
  package var echo = 0.0
  /// Samples from what playback puts out to its echo; at least a block, because what is put out for
  /// a block sounds while the next one is captured.
  package var echoDelay = TurnTiming.block
  /// Reverberation time in seconds; 0 is none.
  package var room = 0.0
  package var band = Band.full
  /// Gain of the microphone in dB.
  package var gain = 0.0
  /// Level of the user against the assistant's in dB.
  package var userLevel = 0.0
  /// Level of the third speaker against the assistant's in dB.
  package var thirdLevel = 0.0

  /// Speech as it was recorded.
  package static let clean = Conditions()

  /// Conditions as they vary between conversations.
  ///
  /// - Parameters:
  ///   - hasEcho: Whether the assistant speaks.
  ///   - random: What they are drawn with.
  /// - Returns: The conditions of one conversation.
  package static func drawn(hasEcho: Bool, using random: inout SplitMix64) -> Conditions {
    var conditions = Conditions()
    if !random.chance(0.15) {
      let noises: [Noise] = [.white, .pink, .pink, .brown, .hum, .babble, .babble]
      conditions.noise = random.pick(noises) ?? .pink
      conditions.snr = rounded(random.uniform(10, 30))
    }
    if hasEcho, !random.chance(0.25) {
      conditions.echo =
        random.chance(0.35) ? 1 : rounded(random.chance(0.3) ? 0.1 : random.uniform(0.02, 1))
    }
    conditions.echoDelay += random.integer(0...2_560)
    if !random.chance(0.35) { conditions.room = rounded(random.uniform(0.12, 0.55)) }
    let band = random.uniform()
    conditions.band = band < 0.12 ? .telephone : band < 0.24 ? .muffled : .full
    conditions.gain = rounded(random.uniform(-12, 6))
    conditions.userLevel = rounded(random.uniform(-6, 4))
    conditions.thirdLevel = rounded(random.uniform(-9, 2))
    return conditions
  }

  private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
