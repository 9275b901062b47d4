import Checkpoints
import Foundation
import Kernels
import SpeechModel
import TestSupport

/// Small encoders made from their tensors' names, and signals to feed them.
enum EncoderFixtures {
  /// The configuration of the golden files.
  static func configuration(_ variant: MambaConfiguration.Variant) -> SpeechEncoderConfiguration {
    SpeechEncoderConfiguration(
      channels: 24,
      mamba: MambaConfiguration(
        variant: variant, width: 32, layers: 2, stateSize: 8, headSize: 16, usesBias: true,
        norm: .layer, feedForwardWidth: 48))
  }

  static let connector = ConnectorConfiguration(width: 32, hiddenWidth: 40, languageWidth: 24)

  static func encoder(
    _ variant: MambaConfiguration.Variant, threads: Int = 1
  ) throws -> SpeechEncoder {
    try SpeechEncoder(
      configuration(variant), from: tensors(configuration(variant)),
      compute: Compute(threads: threads))
  }

  static func dual(_ variant: MambaConfiguration.Variant) throws -> DualStreamEncoder {
    try DualStreamEncoder(encoder(variant), connector(connector))
  }

  static func connector(_ configuration: ConnectorConfiguration) throws -> Connector {
    try Connector(configuration, from: tensors(configuration), compute: Compute())
  }

  static func tensors(_ configuration: ConnectorConfiguration) -> FilledTensors {
    FilledTensors(shapes: configuration.tensorShapes())
  }

  static func tensors(_ configuration: SpeechEncoderConfiguration) -> FilledTensors {
    filled(configuration.tensorShapes())
  }

  static func tensors(_ configuration: MambaConfiguration, prefix: String = "") -> FilledTensors {
    filled(configuration.tensorShapes(prefix: prefix))
  }

  /// The fill rule, with decays and time steps as `goldens/encoder.py` sets them.
  static func filled(_ shapes: [String: [Int]]) -> FilledTensors {
    var overrides: [String: [Float]] = [:]
    for (name, shape) in shapes {
      if name.hasSuffix("A_log"), let columns = shape.last {
        let count = shape.reduce(1, *)
        overrides[name] = (0..<count).map { Float(log(Double($0 % columns + 1))) }
      } else if name.hasSuffix("dt_proj.bias") || name.hasSuffix("dt_bias") {
        overrides[name] = FilledTensors.values(name: name, shape: shape).map { $0 - 2 }
      }
    }
    return FilledTensors(shapes: shapes, overrides: overrides)
  }

  /// Plain values by name, as a matrix.
  static func frames(_ name: String, _ rows: Int, _ columns: Int) -> Matrix {
    Matrix(
      rows: rows, columns: columns,
      values: FilledTensors.plainValues(name: name, count: rows * columns).map { Float($0) })
  }

  /// A tone that swells four times a second, and noise, as in `goldens/encoder.py`.
  static func audio(_ name: String, _ frequency: Double, samples: Int) -> [Float] {
    FilledTensors.plainValues(name: name, count: samples).enumerated().map { n, noise in
      let time = Double(n) / 16000
      let swell = 0.5 - 0.5 * cos(2 * .pi * 4 * time)
      return Float(0.3 * swell * sin(2 * .pi * frequency * time) + 0.05 * noise)
    }
  }

  static func environment(blocks: Int) -> [Float] {
    audio("audio.environment", 310, samples: 1280 * blocks)
  }

  static func assistant(blocks: Int) -> [Float] {
    audio("audio.assistant", 523, samples: 1280 * blocks)
  }

  /// Two sines and a little noise, one second.
  static let tone: [Float] = FilledTensors.plainValues(name: "sig.noise", count: 16000)
    .enumerated().map { n, noise in
      let time = Double(n) / 16000
      return Float(
        0.4 * sin(2 * .pi * 440 * time) + 0.2 * sin(2 * .pi * 1234.5 * time) + 0.01 * noise)
    }

  /// Cuts a sequence into pieces of the sizes that `next` gives.
  static func pieces<Element>(_ all: [Element], next: () -> Int) -> [[Element]] {
    var (result, start) = ([[Element]](), 0)
    while start < all.count {
      let end = min(all.count, start + next())
      result.append(Array(all[start..<end]))
      start = end
    }
    return result
  }

  static func golden(_ file: String, _ name: String, _ rows: Int, _ columns: Int) throws -> [Float]
  {
    try SafeTensorsFile(path: Goldens.path("encoder/\(file).safetensors"))
      .values(name, shape: [rows, columns])
  }
}

/// A small seeded generator (SplitMix64).
struct FixtureRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
