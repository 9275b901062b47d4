import Checkpoints
import Foundation
import Kernels
import SpeechModel
import TestSupport
import Testing

/// Another source's tensors with the weights of linear maps as Q8_0.
private struct QuantisedTensors: TensorSource {
  let base: FilledTensors

  var names: [String] { base.names }

  func info(_ name: String) -> TensorInfo? { base.info(name) }

  func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    let plain = try base.matrix(name, rows: rows, columns: columns)
    let linear = ["proj.weight", "project.weight", "fc1.weight", "fc2.weight", "conv2.weight"]
    guard linear.contains(where: name.hasSuffix), columns.isMultiple(of: 32) else { return plain }
    let blocks = rows * columns / 32
    let values = Dequantization.values(of: plain)
    let storage = WeightStorage(count: blocks * 34) { memory in
      for block in 0..<blocks { Self.write(values[32 * block..<32 * (block + 1)], block, memory) }
    }
    return WeightMatrix(rows: rows, columns: columns, type: .q8_0, storage: storage)
  }

  /// The largest value of a block becomes 127.
  private static func write(
    _ values: ArraySlice<Float>, _ block: Int, _ memory: UnsafeMutableRawBufferPointer
  ) {
    let scale = (values.map { abs($0) }.max() ?? 0) / 127
    memory.storeBytes(
      of: Float16(scale).bitPattern, toByteOffset: 34 * block, as: UInt16.self)
    for (i, value) in values.enumerated() {
      let step = scale == 0 ? 0 : (value / scale).rounded()
      memory[34 * block + 2 + i] = UInt8(bitPattern: Int8(step))
    }
  }
}

@Suite struct QuantisedEncoderTests {
  /// The root mean square of the difference, relative to that of the expected values.
  private static func drift(_ found: Matrix, _ expected: Matrix) -> Float {
    var (difference, size) = (Float(0), Float(0))
    for (a, b) in zip(found.values, expected.values) {
      difference += (a - b) * (a - b)
      size += b * b
    }
    return (difference / size).squareRoot()
  }

  @Test(arguments: MambaEncoderTests.variants)
  func `eight-bit weights drift little, and no more late than early`(
    variant: MambaConfiguration.Variant
  ) throws {
    let configuration = SpeechEncoderConfiguration(
      channels: 32,
      mamba: MambaConfiguration(
        variant: variant, width: 64, layers: 4, stateSize: 16, headSize: 32, feedForwardWidth: 64))
    let tensors = EncoderFixtures.tensors(configuration)
    var plain = try SpeechEncoder(configuration, from: tensors, compute: Compute())
    var quantised = try SpeechEncoder(
      configuration, from: QuantisedTensors(base: tensors), compute: Compute())
    var drifts: [Float] = []
    for samples in EncoderFixtures.pieces(
      EncoderFixtures.environment(blocks: 200), next: { 20 * 1280 })
    {
      let expected = try plain.step(samples)
      drifts.append(Self.drift(try quantised.step(samples), expected))
    }
    // Measured: 0.020 to 0.030 with eight-bit weights alone, 0.050 to 0.066 where products
    // also round the activations to eight bits.
    #expect(drifts.allSatisfy { $0 > 0 && $0 < 0.1 }, "\(drifts)")
    #expect(drifts[9] < 1.5 * drifts[0], "\(drifts)")
  }
}
