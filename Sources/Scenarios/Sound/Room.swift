import Dataflow
import Foundation

/// A path from a speaker to the microphone: the direct sound, six first reflections, and a tail of
/// sparse pulses that decays exponentially (velvet noise, Karjalainen and Järveläinen 2007).
///
/// The direct sound comes without delay and with gain 1, so that labels hold for what is heard.
struct Room: Sendable {
  private var delays: [Int] = []
  private var gains: [Float] = []

  /// A path in a room of a reverberation time in seconds; 0 is the direct sound alone.
  init(time: Double, using random: inout SplitMix64) {
    guard time > 0 else { return }
    for _ in 0..<6 {
      let delay = random.uniform(0.001, 0.02)
      append(delay, random.uniform(0.1, 0.5) * pow(10, -3 * delay / time), using: &random)
    }
    // The energy of the tail against the direct sound; pulses of equal spacing in the mean.
    let density = 1_200.0
    let energy = pow(10, random.uniform(-1.6, -0.4))
    let first = sqrt(energy * 13.8 / time / density)
    var position = 0.006
    while position < 0.7 * time {
      append(position, first * pow(10, -3 * position / time), using: &random)
      position += 2 * random.uniform() / density
    }
  }

  private mutating func append(_ delay: Double, _ gain: Double, using random: inout SplitMix64) {
    delays.append(Int(delay * 16_000))
    gains.append(Float(random.chance(0.5) ? gain : -gain))
  }

  /// Adds samples as they arrive through the room; what would come after the output's end is lost.
  func add(_ samples: [Float], gain: Float, at start: Int, to output: inout [Float]) {
    samples.withUnsafeBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        func add(_ delay: Int, _ factor: Float) {
          let first = start + delay
          let count = min(source.count, target.count - first)
          guard count > 0 else { return }
          for i in 0..<count { target[first + i] += factor * source[i] }
        }
        add(0, gain)
        for index in delays.indices { add(delays[index], gain * gains[index]) }
      }
    }
  }
}
