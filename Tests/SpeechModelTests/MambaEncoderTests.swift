import Checkpoints
import Foundation
import Kernels
import SpeechModel
import TestSupport
import Testing

@Suite struct MambaEncoderTests {
  static let variants: [MambaConfiguration.Variant] = [.mamba, .mamba2]

  private static func tiny(_ variant: MambaConfiguration.Variant) -> MambaConfiguration {
    variant == .mamba
      ? MambaConfiguration(variant: .mamba, width: 64, layers: 2)
      : MambaConfiguration(variant: .mamba2, width: 64, layers: 2, stateSize: 12, headSize: 32)
  }

  private static func encoder(
    _ configuration: MambaConfiguration, threads: Int = 1
  ) throws -> MambaEncoder {
    try MambaEncoder(
      configuration, from: EncoderFixtures.tensors(configuration),
      compute: Compute(threads: threads))
  }

  @Test(arguments: [(MambaConfiguration.Variant.mamba, "mamba", 200), (.mamba2, "mamba2", 100)])
  func `single steps equal one long pass of transformers`(
    variant: MambaConfiguration.Variant, name: String, count: Int
  ) throws {
    var encoder = try Self.encoder(Self.tiny(variant))
    let frames = EncoderFixtures.frames("\(name).long", count, 64)
    var found = Matrix(rows: 0, columns: 64)
    for row in 0..<count { found = found.appending(encoder.step(frames.rows(row..<row + 1))) }
    let expected = try EncoderFixtures.golden("mamba", name, count, 64)
    #expect(relativeError(found.values, expected) < 1e-4)
  }

  @Test func `a minute model gives the published numbers`() throws {
    var encoder = try Self.encoder(
      MambaConfiguration(width: 16, layers: 2, stateSize: 4, timeStepRank: 2))
    let found = encoder.step(EncoderFixtures.frames("mamba.in", 6, 16))
    let first: [Float] = [
      0.643510, -0.082067, 0.071808, 0.041765, -1.438230, 1.369954, -2.073651, -0.461753,
    ]
    let last: [Float] = [
      2.385468, -0.342262, 0.241972, 0.468568, 0.546999, 2.701615, 0.136380, -0.241370,
    ]
    #expect(largestDifference(Array(found.row(0).prefix(8)), first) < 1e-4)
    #expect(largestDifference(Array(found.row(5).prefix(8)), last) < 1e-4)
    #expect(abs(found[0, 15] - 0.883217) < 1e-4)
    #expect(abs(found[5, 15] + 0.854922) < 1e-4)
  }

  @Test(arguments: variants, [1, 2, 3, 7])
  func `any chunking gives one result`(variant: MambaConfiguration.Variant, size: Int) throws {
    var (whole, pieces) = (
      try Self.encoder(Self.tiny(variant)), try Self.encoder(Self.tiny(variant))
    )
    let frames = EncoderFixtures.frames("chunks", 42, 64)
    let expected = whole.step(frames)
    var found = Matrix(rows: 0, columns: 64)
    for row in stride(from: 0, to: 42, by: size) {
      found = found.appending(pieces.step(frames.rows(row..<min(row + size, 42))))
    }
    #expect(relativeError(found.values, expected.values) < 1e-5)
  }

  @Test(arguments: variants)
  func `the number of threads does not change a bit`(variant: MambaConfiguration.Variant) throws {
    let frames = EncoderFixtures.frames("threads", 9, 64)
    var one = try Self.encoder(Self.tiny(variant))
    var two = try Self.encoder(Self.tiny(variant), threads: 2)
    #expect(one.step(frames) == two.step(frames))
  }

  @Test(arguments: variants)
  func `later frames never change earlier ones`(variant: MambaConfiguration.Variant) throws {
    var frames = EncoderFixtures.frames("causality", 12, 64)
    var (one, other) = (
      try Self.encoder(Self.tiny(variant)), try Self.encoder(Self.tiny(variant))
    )
    let expected = one.step(frames)
    for i in 6 * 64..<12 * 64 { frames.values[i] = 0.5 }
    let found = other.step(frames)
    #expect(found.rows(0..<6) == expected.rows(0..<6))
    #expect(found.row(6) != expected.row(6))
  }

  @Test(arguments: variants)
  func `the state has the announced size and keeps it`(
    variant: MambaConfiguration.Variant
  ) throws {
    var encoder = try Self.encoder(Self.tiny(variant))
    let announced = Self.tiny(variant).stateByteCount
    #expect(encoder.stateByteCount == announced)
    _ = encoder.step(EncoderFixtures.frames("size", 33, 64))
    #expect(encoder.stateByteCount == announced)
    #expect(MambaConfiguration(width: 2048, layers: 32).stateByteCount == 9_961_472)
  }

  @Test(arguments: variants)
  func `no frames in give no frames out and change nothing`(
    variant: MambaConfiguration.Variant
  ) throws {
    var (one, other) = (
      try Self.encoder(Self.tiny(variant)), try Self.encoder(Self.tiny(variant))
    )
    #expect(one.step(Matrix(rows: 0, columns: 64)).rows == 0)
    let frames = EncoderFixtures.frames("empty", 2, 64)
    #expect(one.step(frames) == other.step(frames))
  }

  @Test(arguments: variants)
  func `a missing tensor is named`(variant: MambaConfiguration.Variant) {
    let configuration = Self.tiny(variant)
    for name in EncoderFixtures.tensors(configuration).names {
      var shapes = configuration.tensorShapes()
      shapes[name] = nil
      let error = #expect(throws: CheckpointError.self) {
        _ = try MambaEncoder(
          configuration, from: EncoderFixtures.filled(shapes), compute: Compute())
      }
      #expect(error?.subject == name)
    }
  }

  @Test(arguments: variants)
  func `biases are asked for where the configuration has them`(
    variant: MambaConfiguration.Variant
  ) {
    var configuration = Self.tiny(variant)
    let tensors = EncoderFixtures.tensors(configuration)
    configuration.usesBias = true
    let error = #expect(throws: CheckpointError.self) {
      _ = try MambaEncoder(configuration, from: tensors, compute: Compute())
    }
    #expect(error?.subject == "layers.0.mixer.in_proj.bias")
  }

  @Test func `sizes that do not fit are refused`() {
    var configurations = [MambaConfiguration](
      repeating: MambaConfiguration(variant: .mamba2, width: 64, layers: 2), count: 8)
    configurations[0].width = 0
    configurations[1].layers = -1
    configurations[2].headSize = 48
    configurations[3].kernel = 0
    configurations[4].epsilon = .nan
    configurations[5].innerWidth = .max
    configurations[6].feedForwardWidth = -1
    configurations[7].timeStepMinimum = 2
    configurations[7].timeStepMaximum = 1
    for configuration in configurations {
      #expect(throws: CheckpointError.self) { try configuration.validate() }
    }
  }
}
