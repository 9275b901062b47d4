import Checkpoints
import Foundation
import Kernels

/// Pitch to the excitation: sines of the fundamental and its harmonics, with noise, merged to one.
///
/// Wang, Takaki and Yamagishi, "Neural source-filter waveform models" (2019).
///
/// Phases are carried in turns, modulo 1, in double precision. The noise of a sample depends on
/// the seed and on the sample's place in the stream alone.
struct HarmonicSource: Sendable {
  private let configuration: VocoderConfiguration
  private let mix: [Float]
  private let offset: Float
  private let noiseSeed: UInt64?

  /// The next sample to put out.
  private var sample = 0
  /// The frame that `pitch`, `growth` and `turns` start at.
  private var firstFrame = 0
  private var pitch: [Float] = []
  /// Turns that each harmonic makes in a frame.
  private var growth: [Double] = []
  /// Phase of each harmonic at the end of a frame.
  private var turns: [Double] = []
  /// Phases after the last frame known.
  private var end: [Double]

  private var waves: Int { configuration.harmonics + 1 }

  /// Makes the source; without a seed it has no noise.
  init(
    _ configuration: VocoderConfiguration, noiseSeed: UInt64?, from weights: VocoderWeights
  ) throws(CheckpointError) {
    self.configuration = configuration
    self.noiseSeed = noiseSeed
    let layer = try weights.linear(
      "m_source.l_linear", inputs: configuration.harmonics + 1, outputs: 1)
    mix = Dequantization.values(of: layer.weight)
    offset = layer.bias?[0] ?? 0
    end = [Double](repeating: 0, count: configuration.harmonics + 1)
  }

  /// Takes the next frames' pitch; gives the samples that they determine.
  mutating func step(_ next: [Float], ended: Bool) -> [Float] {
    for value in next { append(value) }
    let frames = firstFrame + pitch.count
    let until = configuration.sourceSamples(pitchFrames: frames, ended: ended)
    let range = sample..<max(sample, until)
    var phases = phases(of: range, frames: frames)
    VocoderMath.sineOfTurns(&phases)
    let result = merged(phases, range: range)
    sample = range.upperBound
    forgetFrames(before: sample / configuration.hop - 1)
    return result
  }

  mutating func reset() {
    (sample, firstFrame, pitch, growth, turns) = (0, 0, [], [], [])
    end = [Double](repeating: 0, count: waves)
  }

  private mutating func append(_ hertz: Float) {
    pitch.append(hertz)
    for wave in 0..<waves {
      let share = Double(hertz) * Double(wave + 1) / Double(configuration.sampleRate)
      let turnsPerFrame = (share - share.rounded(.down)) * Double(configuration.hop)
      growth.append(turnsPerFrame)
      end[wave] += turnsPerFrame
      end[wave] -= end[wave].rounded(.down)
      turns.append(end[wave])
    }
  }

  private mutating func forgetFrames(before frame: Int) {
    let count = min(max(0, frame - firstFrame), pitch.count)
    firstFrame += count
    pitch.removeFirst(count)
    growth.removeFirst(count * waves)
    turns.removeFirst(count * waves)
  }

  /// Phases in turns from -1/2 to 1/2, a row of harmonics per sample.
  private func phases(of range: Range<Int>, frames: Int) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(range.count * waves)
    for n in range {
      let place = place(of: n, frames: frames)
      let base = (place.frame - firstFrame) * waves
      let next = place.share == 0 ? base : base + place.growthOffset * waves
      for wave in 0..<waves {
        let turn = turns[base + wave] + growth[next + wave] * place.share
        result.append(Float(turn - turn.rounded()))
      }
    }
    return result
  }

  /// A sample's phase is the one at the end of `frame`, plus `share` of the turns that the frame
  /// `growthOffset` further on makes.
  private func place(of n: Int, frames: Int) -> (frame: Int, growthOffset: Int, share: Double) {
    let hop = configuration.hop
    switch configuration.phase {
    case .held: return (n / hop, 0, 0)
    case .accumulated: return (n / hop, 0, Double(n % hop + 1) / Double(hop) - 1)
    case .interpolated:
      let position = (Double(n) + 0.5) / Double(hop) - 0.5
      let clamped = min(max(position, 0), Double(frames - 1))
      let frame = Int(clamped)
      return (frame, 1, clamped - Double(frame))
    }
  }

  /// Voiced sines and noise, mixed to one signal.
  private func merged(_ sines: [Float], range: Range<Int>) -> [Float] {
    range.enumerated().map { index, n in
      let isVoiced = pitch[n / configuration.hop - firstFrame] > configuration.voicedThreshold
      let amplitude = isVoiced ? configuration.sineAmplitude : 0
      let level = isVoiced ? configuration.noiseAmplitude : configuration.sineAmplitude / 3
      var sum = offset
      for wave in 0..<waves {
        var value = amplitude * sines[index * waves + wave]
        if let noiseSeed {
          value += level * Noise.deviate(seed: noiseSeed, index: n * waves + wave)
        }
        sum += mix[wave] * value
      }
      return tanh(sum)
    }
  }
}

/// Noise as a function of its place, so that it does not depend on how a stream is cut.
enum Noise {
  /// A number of mean 0 and variance 1: the sum of four even ones, within ±3.47.
  ///
  /// Whole-number arithmetic up to the last product: the same on every machine. The hash is the
  /// finaliser of SplitMix64 (Steele, Lea and Flood 2014).
  static func deviate(seed: UInt64, index: Int) -> Float {
    let place = UInt64(bitPattern: Int64(index))
    var z = (seed ^ 0xD1B5_4A32_D192_ED03) &+ place &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    let sum = (z & 0xFFFF) + (z >> 16 & 0xFFFF) + (z >> 32 & 0xFFFF) + z >> 48
    // Four numbers of 0...65535: mean 131070, variance 4 (65536² - 1) / 12.
    return (Float(sum) - 131_070) * 2.642_899_8e-5
  }
}
