import Checkpoints
import Kernels
import SpeechModel
import TestSupport
import Testing

@Suite struct SpeechEncoderTests {
  private static let variants = MambaEncoderTests.variants

  /// Feeds samples in pieces of some blocks.
  private static func run(
    _ encoder: inout SpeechEncoder, _ samples: [Float], blocks: Int = 1
  ) throws -> Matrix {
    var frames = Matrix(rows: 0, columns: encoder.configuration.mamba.width)
    for piece in EncoderFixtures.pieces(samples, next: { 1280 * blocks }) {
      frames = frames.appending(try encoder.step(piece))
    }
    return frames
  }

  @Test(arguments: variants)
  func `frames of 25 blocks equal PyTorch's`(variant: MambaConfiguration.Variant) throws {
    var encoder = try EncoderFixtures.encoder(variant)
    let found = try Self.run(&encoder, EncoderFixtures.environment(blocks: 25))
    let expected = try EncoderFixtures.golden("encoder", "\(variant.rawValue).frames", 50, 32)
    #expect(relativeError(found.values, expected) < 1e-3)
  }

  @Test func `a block gives two frames`() throws {
    var encoder = try EncoderFixtures.encoder(.mamba)
    #expect(encoder.configuration.framesPerBlock == 2)
    for _ in 0..<3 {
      #expect(try encoder.step([Float](repeating: 0.1, count: 1280)).rows == 2)
    }
  }

  @Test(arguments: variants, [2, 3, 12])
  func `steps of several blocks equal single ones`(
    variant: MambaConfiguration.Variant, blocks: Int
  ) throws {
    let samples = EncoderFixtures.environment(blocks: 12)
    var (one, other) = (
      try EncoderFixtures.encoder(variant), try EncoderFixtures.encoder(variant)
    )
    let expected = try Self.run(&one, samples)
    let found = try Self.run(&other, samples, blocks: blocks)
    #expect(relativeError(found.values, expected.values) < 1e-5)
  }

  @Test(arguments: variants)
  func `later audio never changes earlier frames`(variant: MambaConfiguration.Variant) throws {
    var samples = EncoderFixtures.environment(blocks: 6)
    var (one, other) = (
      try EncoderFixtures.encoder(variant), try EncoderFixtures.encoder(variant)
    )
    let expected = try one.step(samples)
    // From the second half of block 3 on: the seventh frame is the last untouched one.
    for i in 3 * 1280 + 640..<samples.count { samples[i] = 0 }
    let found = try other.step(samples)
    #expect(found.rows(0..<7) == expected.rows(0..<7))
    #expect(found.row(7) != expected.row(7))
  }

  @Test(arguments: variants)
  func `a reset encoder equals a fresh one`(variant: MambaConfiguration.Variant) throws {
    let samples = EncoderFixtures.environment(blocks: 3)
    var encoder = try EncoderFixtures.encoder(variant)
    let expected = try Self.run(&encoder, samples)
    #expect(try Self.run(&encoder, samples) != expected)
    encoder.reset()
    #expect(try Self.run(&encoder, samples) == expected)
  }

  @Test(arguments: variants)
  func `going back to a copy repeats every bit`(variant: MambaConfiguration.Variant) throws {
    var encoder = try EncoderFixtures.encoder(variant)
    _ = try Self.run(&encoder, EncoderFixtures.assistant(blocks: 4))
    let snapshot = encoder
    let samples = EncoderFixtures.environment(blocks: 4)
    let expected = try Self.run(&encoder, samples)
    var copy = snapshot
    #expect(try Self.run(&copy, samples) == expected)
  }

  @Test(arguments: variants, [Float.nan, .infinity])
  func `a sample that is not finite is reported until a reset`(
    variant: MambaConfiguration.Variant, sample: Float
  ) throws {
    var encoder = try EncoderFixtures.encoder(variant)
    var samples = EncoderFixtures.environment(blocks: 1)
    samples[700] = sample
    let error = #expect(throws: SpeechModelError.self) { try encoder.step(samples) }
    #expect(error?.code == .notFinite)
    #expect(error?.part == "encoder.mamba.layers.0.mixer")
    let clean = EncoderFixtures.environment(blocks: 1)
    for _ in 0..<3 { #expect(throws: SpeechModelError.self) { try encoder.step(clean) } }
    encoder.reset()
    var fresh = try EncoderFixtures.encoder(variant)
    let expected = try fresh.step(clean)
    #expect(try encoder.step(clean) == expected)
  }

  @Test(arguments: variants)
  func `ten thousand blocks stay finite and bounded`(
    variant: MambaConfiguration.Variant
  ) throws {
    var mamba = MambaConfiguration(variant: variant, width: 8, layers: 1, stateSize: 4)
    mamba.headSize = 8
    let configuration = SpeechEncoderConfiguration(channels: 4, mamba: mamba)
    var encoder = try SpeechEncoder(
      configuration, from: EncoderFixtures.tensors(configuration), compute: Compute())
    let size = encoder.stateByteCount
    let samples = EncoderFixtures.environment(blocks: 50)
    var largest: Float = 0
    for round in 0..<200 {
      // Loud, clipped, silent and ordinary stretches.
      let gain = [Float(1), 100, 0, 0.01][round % 4]
      let frames = try encoder.step(samples.map { $0 * gain })
      largest = frames.values.reduce(largest) { max($0, abs($1)) }
    }
    // The last norm bounds a value by the square root of the width, times its gain.
    #expect(largest > 0.1 && largest < 1.1 * 2.83)
    #expect(encoder.stateByteCount == size)
  }

  @Test func `settings that cannot give whole frames per block are refused`() {
    var configurations = [SpeechEncoderConfiguration](
      repeating: EncoderFixtures.configuration(.mamba), count: 6)
    configurations[0].blockSamples = 1000
    configurations[1].strides = [1]
    configurations[2].strides = [1, 4]
    configurations[3].logMel.leadIn = 0
    configurations[4].joined = 0
    configurations[5].logMel.highFrequency = 9000
    for configuration in configurations {
      #expect(throws: CheckpointError.self) { try configuration.validate() }
    }
  }
}
