/// The way of the assistant's own sound back to the microphone, as a conversation's mix has it.
///
/// The line's band limit is not applied: it would have to be part of the way of every sound.
package struct EchoPath: Sendable {
  private let room: Room
  private let gain: Float
  private let delay: Int

  /// The way in one conversation.
  ///
  /// - Parameters:
  ///   - conditions: The conversation's conditions; delay, room and the microphone's gain count.
  ///   - factor: The echo's factor, in place of the conditions'.
  ///   - seed: The conversation's seed.
  package init(_ conditions: Conditions, factor: Double, seed: UInt64) {
    var random = Mixer.random(seed)
    room = Mixer.rooms(conditions, using: &random)[2]
    gain = Float(factor) * Mixer.factor(conditions.gain)
    delay = conditions.echoDelay
  }

  /// Adds what playback put out from a sample on; the echo's tail is cut at the output's end.
  package func add(_ samples: [Float], at start: Int, to environment: inout [Float]) {
    guard gain != 0 else { return }
    room.add(samples, gain: gain, at: start + delay, to: &environment)
  }
}
