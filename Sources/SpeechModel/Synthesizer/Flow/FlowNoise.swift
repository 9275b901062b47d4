import Foundation

/// The noise that the sampler starts from: the same for the same frame, whatever the chunks.
///
/// The published model draws it once, with seed 0, from PyTorch's generator for the processor:
/// a Mersenne Twister (Matsumoto and Nishimura 1998, MT19937), 24 bits per uniform number, and the
/// Box-Muller transform on blocks of 16. The noise is laid out by bins; a seed gives other noise.
package struct FlowNoise: Sendable {
  /// The numbers that are transformed together.
  package static let block = 16

  /// The number of mel bins.
  package let bins: Int
  /// The number of frames after which the noise repeats.
  package let frames: Int
  /// Bin after bin, `[bins, frames]`.
  private let values: [Float]

  /// Draws the noise.
  package init(bins: Int, frames: Int, seed: UInt32) {
    precondition(bins * frames >= Self.block)
    var generator = MersenneTwister(seed: seed)
    var values = (0..<bins * frames).map { _ in generator.uniform() }
    for start in stride(from: 0, through: values.count - Self.block, by: Self.block) {
      Self.transform(&values, at: start)
    }
    // A last block that is not whole is drawn again together with the values before it.
    if values.count % Self.block != 0 {
      let start = values.count - Self.block
      for index in start..<values.count { values[index] = generator.uniform() }
      Self.transform(&values, at: start)
    }
    self.bins = bins
    self.frames = frames
    self.values = values
  }

  /// The noise of one bin of a frame, counted from the start of the prompt.
  package subscript(frame: Int, bin: Int) -> Float {
    values[bin * frames + frame % frames]
  }

  private static func transform(_ values: inout [Float], at start: Int) {
    let half = block / 2
    for index in start..<start + half {
      let radius = (-2 * log(1 - values[index])).squareRoot()
      let angle = 2 * Float.pi * values[index + half]
      values[index] = radius * cos(angle)
      values[index + half] = radius * sin(angle)
    }
  }
}

/// The generator MT19937 with its single-number initialisation.
private struct MersenneTwister {
  private static let size = 624
  private static let offset = 397
  private var state: [UInt32]
  private var next = Self.size

  init(seed: UInt32) {
    state = [seed]
    state.reserveCapacity(Self.size)
    for index in 1..<UInt32(Self.size) {
      let last = state[state.count - 1]
      state.append(1_812_433_253 &* (last ^ last >> 30) &+ index)
    }
  }

  /// A number in [0, 1) of 24 bits.
  mutating func uniform() -> Float {
    Float(word() & 0xFF_FFFF) / 16_777_216
  }

  private mutating func word() -> UInt32 {
    if next == Self.size { refill() }
    var y = state[next]
    next += 1
    y ^= y >> 11
    y ^= y << 7 & 0x9D2C_5680
    y ^= y << 15 & 0xEFC6_0000
    return y ^ y >> 18
  }

  private mutating func refill() {
    for index in 0..<Self.size {
      let joined =
        state[index] & 0x8000_0000 | state[(index + 1) % Self.size] & 0x7FFF_FFFF
      let odd: UInt32 = joined & 1 == 1 ? 0x9908_B0DF : 0
      state[index] = state[(index + Self.offset) % Self.size] ^ joined >> 1 ^ odd
    }
    next = 0
  }
}
