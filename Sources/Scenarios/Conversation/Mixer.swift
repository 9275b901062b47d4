import Dataflow
import Foundation

/// Makes a script sound: both channels, with a room, an echo, noise and a line.
package struct Mixer: Sendable {
  private let troupe: Troupe

  /// Mixes utterances of a troupe.
  package init(troupe: Troupe) { self.troupe = troupe }

  /// The environment and the assistant, of equal length, from -1 to 1.
  package func mix(
    _ script: Script, _ conditions: Conditions, seed: UInt64
  ) -> (environment: [Float], assistant: [Float]) {
    let count = script.blocks * TurnTiming.block
    var random = Self.random(seed)
    var environment = [Float](repeating: 0, count: count)
    var assistant = environment
    for answer in script.answers {
      Self.add(
        troupe.assistant.samples(of: answer.utterance), of: answer.speech, to: &assistant,
        fade: script.timing.fade)
    }
    let rooms = Self.rooms(conditions, using: &random)
    for line in script.lines {
      let isUser = line.role == .user
      let level = Self.factor(isUser ? conditions.userLevel : conditions.thirdLevel)
      rooms[isUser ? 0 : 1].add(
        troupe.users.samples(of: line.utterance), gain: level, at: line.start, to: &environment)
    }
    if conditions.echo > 0 {
      for answer in script.answers {
        let (start, end) = (answer.speech.audioStart, min(count, answer.speech.audioEnd))
        guard start < end else { continue }
        rooms[2].add(
          Array(assistant[start..<end]), gain: Float(conditions.echo),
          at: start + conditions.echoDelay, to: &environment)
      }
    }
    if let snr = conditions.snr {
      let level = VoiceLevel.rms * Self.factor(conditions.userLevel - snr)
      addNoise(conditions.noise, level: level, using: &random, to: &environment)
    }
    Filters.limit(&environment, to: conditions.band)
    let gain = Self.factor(conditions.gain)
    if gain != 1 { for i in environment.indices { environment[i] *= gain } }
    return (environment, assistant)
  }

  /// What a conversation's sound is drawn with.
  static func random(_ seed: UInt64) -> SplitMix64 {
    SplitMix64(seed: seed, item: 0, purpose: "mix")
  }

  /// The ways of the user, the third speaker and the loudspeaker to the microphone.
  static func rooms(_ conditions: Conditions, using random: inout SplitMix64) -> [Room] {
    (0..<3).map { _ in Room(time: conditions.room, using: &random) }
  }

  static func factor(_ decibels: Double) -> Float {
    decibels == 0 ? 1 : Float(pow(10, decibels / 20))
  }

  /// Puts out an answer up to its end; a yield fades within its own block.
  private static func add(
    _ samples: [Float], of speech: ConversationRecord.AssistantSpeech, to output: inout [Float],
    fade: Int
  ) {
    let end = min(speech.audioEnd, output.count)
    let fadeStart = speech.cause == .yield ? speech.audioEnd - fade : speech.audioEnd
    for position in speech.audioStart..<max(speech.audioStart, end) {
      var sample = samples[position - speech.audioStart]
      if position >= fadeStart {
        sample *= Float(speech.audioEnd - position) / Float(fade)
      }
      output[position] = sample
    }
  }

  private func addNoise(
    _ kind: Conditions.Noise, level: Float, using random: inout SplitMix64,
    to output: inout [Float]
  ) {
    var noise: [Float]
    if kind == .babble {
      noise = [Float](repeating: 0, count: output.count)
      for _ in 0..<5 {
        var position = -random.integer(0...16_000)
        while position < noise.count {
          guard let utterance = random.pick(troupe.users.utterances) else { break }
          let samples = troupe.users.samples(of: utterance)
          for (i, sample) in samples.enumerated() where noise.indices.contains(position + i) {
            noise[position + i] += sample
          }
          position += samples.count + random.integer(0...8_000)
        }
      }
    } else {
      noise = NoiseSource.make(kind, count: output.count, using: &random)
    }
    let own = VoiceLevel.rms(noise[...])
    guard own > 0 else { return }
    let factor = level / own
    for i in output.indices { output[i] += factor * noise[i] }
  }
}
