package import Checkpoints

extension VocoderConfiguration {
  /// Every tensor by its public name; `normalised` are those with weight normalisation.
  package var tensorShapes: (normalised: [String: [Int]], plain: [String: [Int]]) {
    var (normalised, plain): ([String: [Int]], [String: [Int]]) = ([:], [:])
    let spectrum = fourierSize + 2
    let causal = form == .causal
    func block(_ name: String, _ channels: Int, _ kernel: Int, _ count: Int) {
      for i in 0..<count {
        for part in ["1", "2"] {
          normalised["\(name).convs\(part).\(i)"] = [channels, channels, kernel]
          plain["\(name).activations\(part).\(i).alpha"] = [channels]
        }
      }
    }
    normalised["conv_pre"] = [baseChannels, melBins, preKernel]
    for i in upsampleRates.indices {
      let (inputs, channels) = (baseChannels >> i, baseChannels >> (i + 1))
      normalised["ups.\(i)"] =
        (causal ? [channels, inputs] : [inputs, channels]) + [upsampleKernels[i]]
      plain["ups.\(i).bias"] = [channels]
      let stride = upsampleRates[(i + 1)...].reduce(1, *)
      plain["source_downs.\(i).weight"] = [channels, spectrum, stride > 1 ? 2 * stride : 1]
      plain["source_downs.\(i).bias"] = [channels]
      block(
        "source_resblocks.\(i)", channels, sourceKernels[i], sourceDilations[i].count)
      for (j, kernel) in residualKernels.enumerated() {
        block(
          "resblocks.\(i * residualKernels.count + j)", channels, kernel,
          residualDilations[j].count)
      }
    }
    let last = baseChannels >> upsampleRates.count
    normalised["conv_post"] = [spectrum, last, postKernel]
    for i in 0..<pitchLayers {
      normalised["f0_predictor.condnet.\(2 * i)"] = [
        pitchChannels, i == 0 ? melBins : pitchChannels,
        i == 0 ? pitchKernel : 3,
      ]
    }
    for (name, shape) in normalised where !name.hasPrefix("ups.") {
      plain["\(name).bias"] = [shape[0]]
    }
    plain["f0_predictor.classifier.weight"] = [1, pitchChannels]
    plain["f0_predictor.classifier.bias"] = [1]
    plain["m_source.l_linear.weight"] = [1, harmonics + 1]
    plain["m_source.l_linear.bias"] = [1]
    return (normalised, plain)
  }

  /// Every tensor under the names that a source has: weight normalisation in the newer form, in the
  /// older one, or folded.
  package func tensorShapes(in source: any TensorSource) -> [String: [Int]] {
    let prefix = source.info("generator.conv_pre.bias") == nil ? "" : "generator."
    let (normalised, plain) = tensorShapes
    var shapes = Dictionary(uniqueKeysWithValues: plain.map { (prefix + $0.key, $0.value) })
    for (name, shape) in normalised {
      let name = prefix + name
      let newer = "\(name).parametrizations.weight.original"
      if source.info("\(newer)1") != nil {
        shapes["\(newer)0"] = [shape[0], 1, 1]
        shapes["\(newer)1"] = shape
      } else if source.info("\(name).weight_v") != nil {
        shapes["\(name).weight_g"] = [shape[0], 1, 1]
        shapes["\(name).weight_v"] = shape
      } else {
        shapes["\(name).weight"] = shape
      }
    }
    return shapes
  }
}
