import Checkpoints
import Kernels
import SpeechModel
import TestSupport

/// Vocoders of filled weights.
enum VocoderFixtures {
  /// How weights are named and normalised.
  enum Naming: CaseIterable { case parametrizations, older, folded, generator }

  /// The tiny sizes of the golden files.
  static func tiny(_ form: VocoderConfiguration.Form) -> VocoderConfiguration {
    var sizes = VocoderConfiguration(form: form)
    (sizes.melBins, sizes.baseChannels, sizes.pitchChannels) = (8, 16, 8)
    (sizes.harmonics, sizes.voicedThreshold) = (2, 150)
    return sizes
  }

  /// The tiny sizes with other stages, and a phase that is accumulated.
  static var accumulated: VocoderConfiguration {
    var sizes = tiny(.causal)
    (sizes.upsampleRates, sizes.upsampleKernels) = ([4, 6], [9, 6])
    (sizes.residualKernels, sizes.residualDilations) = ([3, 5], [[1, 2], [1, 4]])
    (sizes.sourceKernels, sizes.sourceDilations) = ([3, 5], [[1], [2]])
    (sizes.preLookahead, sizes.pitchLookahead, sizes.phase) = (2, 1, .accumulated)
    return sizes
  }

  /// Filled weights, with changes that give speech-like levels and pitch.
  static func tensors(
    _ sizes: VocoderConfiguration, naming: Naming = .parametrizations
  ) -> FilledTensors {
    let (normalised, plain) = sizes.tensorShapes
    let prefix = naming == .generator ? "generator." : ""
    var (shapes, values): ([String: [Int]], [String: [Float]]) = ([:], [:])
    func put(_ name: String, _ shape: [Int], rule: String? = nil, _ change: (Float) -> Float) {
      shapes[prefix + name] = shape
      values[prefix + name] =
        FilledTensors.values(name: rule ?? name, shape: shape).map(change)
    }
    for (name, shape) in plain {
      put(name, shape) { value in
        switch name {
        case "f0_predictor.classifier.weight": value * 20
        case "f0_predictor.classifier.bias": value + 150
        default: value
        }
      }
    }
    if var bias = values["\(prefix)conv_post.bias"] {
      for i in 0..<(sizes.fourierSize / 2 + 1) { bias[i] -= 2 }
      values["\(prefix)conv_post.bias"] = bias
    }
    for (name, shape) in normalised {
      let rule = "\(name).parametrizations.weight.original"
      let gainShape = [shape[0], 1, 1]
      let older = naming == .older
      put(older ? "\(name).weight_g" : rule + "0", gainShape, rule: rule + "0") {
        name == "conv_post" ? $0 * 0.2 : $0
      }
      put(older ? "\(name).weight_v" : rule + "1", shape, rule: rule + "1") { $0 }
      if naming == .folded {
        shapes["\(name).weight"] = shape
        values["\(name).weight"] = folded(
          gains: values.removeValue(forKey: rule + "0") ?? [],
          directions: values.removeValue(forKey: rule + "1") ?? [])
        shapes[rule + "0"] = nil
        shapes[rule + "1"] = nil
      }
    }
    return FilledTensors(shapes: shapes, overrides: values)
  }

  static func folded(gains: [Float], directions: [Float]) -> [Float] {
    let columns = directions.count / gains.count
    return directions.indices.map { i in
      let row = directions[i / columns * columns..<(i / columns + 1) * columns]
      let norm = row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      return Float(Double(directions[i]) * Double(gains[i / columns]) / norm)
    }
  }

  static func vocoder(
    _ sizes: VocoderConfiguration, naming: Naming = .parametrizations, noiseSeed: UInt64? = nil
  ) throws -> Vocoder {
    try Vocoder(
      sizes, from: tensors(sizes, naming: naming), noiseSeed: noiseSeed, compute: Compute())
  }

  /// Mel frames that belong to a name.
  static func mel(_ name: String, frames: Int, bins: Int = 8) -> Matrix {
    Matrix(
      rows: frames, columns: bins,
      values: FilledTensors.plainValues(name: name, count: frames * bins).map { Float($0) })
  }

  /// Samples of a sequence fed in pieces of the sizes given, over and over.
  static func stream(_ vocoder: inout Vocoder, _ mel: Matrix, pieces: [Int]) -> [[Float]] {
    var result: [[Float]] = []
    var start = 0
    while start < mel.rows {
      let end = min(start + pieces[result.count % pieces.count], mel.rows)
      result.append(vocoder.step(mel.rows(start..<end), ended: end == mel.rows))
      start = end
    }
    return result
  }
}
