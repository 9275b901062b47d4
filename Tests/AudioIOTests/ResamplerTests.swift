import AudioIO
import Foundation
import Testing

struct ResamplerTests {
  /// The largest difference from a sine, away from the ends.
  private func error(
    of samples: [Float], from tone: Tone, late: Int, skipping edge: Int
  ) -> Float {
    (edge..<(samples.count - edge)).map { abs(samples[$0] - tone.samples[$0 - late]) }.max() ?? 1
  }

  @Test(arguments: [8_000, 11_025, 22_050, 24_000, 44_100, 48_000])
  func `a sine comes out as that sine`(rate: Int) {
    let resampler = Resampler(from: rate, to: 16_000)
    let input = Tone(frequency: 440, rate: rate, count: rate)
    let output = resampler.process(input.samples) + resampler.finish()
    #expect(abs(output.count - 16_000) <= 1)
    let reference = Tone(frequency: 440, rate: 16_000, count: output.count)
    let error = error(of: output, from: reference, late: 0, skipping: 200)
    #expect(error < 1e-4, "\(error)")
  }

  @Test func `what the new rate cannot hold is gone`() {
    let resampler = Resampler(from: 24_000, to: 16_000)
    let output = resampler.process(Tone(frequency: 10_000, rate: 24_000, count: 24_000).samples)
    #expect(output.dropFirst(200).allSatisfy { abs($0) < 1e-4 })
  }

  @Test(arguments: [1, 7, 160, 1_919, 4_096])
  func `how the input is split does not change a bit`(size: Int) {
    var random = Numbers(state: 7)
    let input = (0..<24_000).map { _ in Float.random(in: -1...1, using: &random) }
    let whole = Resampler(from: 24_000, to: 16_000)
    let expected = whole.process(input) + whole.finish()
    let parts = Resampler(from: 24_000, to: 16_000)
    var output: [Float] = []
    for start in stride(from: 0, to: input.count, by: size) {
      output += parts.process(Array(input[start..<min(start + size, input.count)]))
    }
    output += parts.finish()
    #expect(output == expected)
    // Finished, it is as new.
    #expect(whole.process(input) + whole.finish() == expected)
  }

  @Test(arguments: [(24_000, 16_000), (22_050, 16_000), (16_000, 24_000), (48_000, 16_000)])
  func `each block gives a whole block, late by the same delay`(from: Int, to: Int) {
    let resampler = BlockResampler(from: from, to: to)
    let blocks = 100
    let input = Tone(frequency: 440, rate: from, count: resampler.inputCount * blocks)
    var output: [Float] = []
    for start in stride(from: 0, to: input.samples.count, by: resampler.inputCount) {
      let block = resampler.step(Array(input.samples[start..<(start + resampler.inputCount)]))
      #expect(block.count == to * 80 / 1_000)
      output += block
    }
    let late = resampler.delayInOutput
    #expect(output.prefix(late / 2).allSatisfy { abs($0) < 1e-3 })
    let reference = Tone(frequency: 440, rate: to, count: output.count)
    let error = error(of: output, from: reference, late: late, skipping: 400)
    #expect(error < 1e-4, "\(error)")

    resampler.reset()
    var again: [Float] = []
    for start in stride(from: 0, to: input.samples.count, by: resampler.inputCount) {
      again += resampler.step(Array(input.samples[start..<(start + resampler.inputCount)]))
    }
    #expect(again == output)
  }

  @Test func `the assistant's delay is 3 ms and equal rates have none`() {
    let resampler = BlockResampler(from: 24_000, to: 16_000)
    #expect(resampler.delayInOutput == 48 && resampler.delay == .milliseconds(3))
    let same = BlockResampler(from: 16_000, to: 16_000)
    let block = Tone(frequency: 440, rate: 16_000, count: 1_280).samples
    #expect(same.delay == .zero && same.step(block) == block)
  }

  @Test(arguments: [
    (24_000, 16_000, true), (11_025, 16_000, true), (16_010, 16_000, false), (16_000, 0, false),
    (-16_000, 16_000, false), (25, 16_000, false), (Int.max - 7, 16_000, false),
  ])
  func `blocks need whole samples and rates that are not too far apart`(
    _ from: Int, _ to: Int, _ isSupported: Bool
  ) {
    #expect(BlockResampler.supports(from: from, to: to) == isSupported)
  }

  @Test func `six minutes of blocks at an odd ratio never run short`() {
    // 44.1 kHz to 16 kHz has a ratio that floats do not hold exactly.
    let resampler = BlockResampler(from: 44_100, to: 16_000)
    let block = Tone(frequency: 440, rate: 44_100, count: resampler.inputCount).samples
    for _ in 0..<4_500 { #expect(resampler.step(block).count == 1_280) }
  }
}

struct SampleRoundingTests {
  @Test func `every integer comes back as itself`() {
    let all = (Int16.min...Int16.max).map { $0 }
    let (integers, defects) = SampleRounding.integers(SampleRounding.floats(all))
    #expect(integers == all && defects.isEmpty)
  }

  @Test func `what cannot be held is mended and counted`() {
    let samples: [Float] = [
      .nan, .infinity, -.infinity, 1.5, -1.5, 1, -1, 0.25 / 32_768, 0.75 / 32_768,
    ]
    let (rounded, defects) = SampleRounding.rounded(samples)
    let top = Float(32_767) / 32_768
    #expect(rounded == [0, 0, 0, top, -1, top, -1, 0, 1 / 32_768])
    #expect(defects == SampleDefects(notFinite: 3, clipped: 2))
    #expect(SampleRounding.rounded(rounded).samples == rounded)
  }
}
