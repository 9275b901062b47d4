import AudioIO
import Duplex
import Foundation

/// Plays a chirp and listens for it.
struct Loopback {
  /// What the microphone heard before the chirp, in dB of full scale.
  let noiseFloor: Float
  /// How the chirp came back; nil where it did not.
  let echo: Chirp.Echo?
  /// From handing the chirp to the loudspeaker to having it from the microphone.
  let delay: Duration?

  /// Blocks before the chirp, in which both devices settle, and after it.
  private static let (before, after) = (12, 20)

  /// Runs on open devices; the speaker must take 16 kHz.
  static func measure(_ microphone: Microphone, _ speaker: Speaker) async throws -> Loopback {
    let chirp = Chirp()
    let clock = ContinuousClock()
    let silence = [Float](repeating: 0, count: SourceBlock.sampleCount)
    var sound = chirp.samples[...]
    var heard: [Float] = []
    var arrivals: [ContinuousClock.Instant] = []
    var given: ContinuousClock.Instant?
    // A block out for each block in, as in a conversation.
    while arrivals.count < before + after, let block = try await microphone.next() {
      arrivals.append(clock.now)
      heard += block.samples
      guard arrivals.count >= before, !sound.isEmpty else {
        _ = try await speaker.put(silence)
        continue
      }
      given = given ?? clock.now
      let next = Array(sound.prefix(SourceBlock.sampleCount))
      sound = sound.dropFirst(next.count)
      _ = try await speaker.put(next + silence.dropFirst(next.count))
    }
    microphone.close()
    let quiet = heard[(before / 2 * silence.count)..<min(heard.count, before * silence.count)]
    let start = min(heard.count, (before - 1) * silence.count)
    let echo = chirp.find(in: Array(heard[start...]))
    let delay = echo.flatMap { echo -> Duration? in
      let sample = start + echo.position
      let (block, offset) = sample.quotientAndRemainder(dividingBy: silence.count)
      let early = Duration.microseconds((silence.count - offset) * 1_000_000 / 16_000)
      return given.map { arrivals[block] - early - $0 }
    }
    return Loopback(noiseFloor: max(-120, Level.decibels(Array(quiet))), echo: echo, delay: delay)
  }
}
