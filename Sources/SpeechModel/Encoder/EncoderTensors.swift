extension ConnectorConfiguration {
  /// Every tensor by its name, with its shape.
  package func tensorShapes(prefix: String = "connector.") -> [String: [Int]] {
    let joined = width * framesPerBlock / embeddingsPerBlock
    return [
      "\(prefix)linear1.weight": [hiddenWidth, joined],
      "\(prefix)linear1.bias": [hiddenWidth],
      "\(prefix)linear2.weight": [languageWidth, hiddenWidth],
      "\(prefix)linear2.bias": [languageWidth],
      "\(prefix)tag.weight": [AudioStream.allCases.count, languageWidth],
    ]
  }
}

extension SpeechEncoderConfiguration {
  /// Every tensor by its name, with its shape.
  package func tensorShapes(prefix: String = "encoder.") -> [String: [Int]] {
    let front = prefix + "front_end."
    return [
      front + "conv1.weight": [channels, logMel.bins, kernel],
      front + "conv1.bias": [channels],
      front + "conv2.weight": [channels, channels, kernel],
      front + "conv2.bias": [channels],
      front + "project.weight": [mamba.width, joined * channels],
      front + "project.bias": [mamba.width],
    ].merging(mamba.tensorShapes(prefix: prefix + "mamba.")) { first, _ in first }
  }
}

extension MambaConfiguration {
  /// Every tensor by its name in Hugging Face's files, with its shape.
  package func tensorShapes(prefix: String = "") -> [String: [Int]] {
    var shapes = norm(prefix + "norm_f")
    for layer in 0..<layers {
      let block = "\(prefix)layers.\(layer)."
      shapes.merge(norm(block + "norm")) { $1 }
      shapes.merge(mixer(block + "mixer.")) { $1 }
      if feedForwardWidth > 0 {
        shapes.merge(norm(block + "norm2")) { $1 }
        shapes[block + "mlp.fc1.weight"] = [2 * feedForwardWidth, width]
        shapes[block + "mlp.fc2.weight"] = [width, feedForwardWidth]
      }
    }
    return shapes
  }

  private func norm(_ name: String) -> [String: [Int]] {
    norm == .rms
      ? [name + ".weight": [width]] : [name + ".weight": [width], name + ".bias": [width]]
  }

  private func mixer(_ prefix: String) -> [String: [Int]] {
    let mixed = variant == .mamba ? innerWidth : innerWidth + 2 * stateSize
    var shapes = [
      "conv1d.weight": [mixed, 1, kernel],
      "out_proj.weight": [width, innerWidth],
    ]
    switch variant {
    case .mamba:
      shapes["in_proj.weight"] = [2 * innerWidth, width]
      shapes["A_log"] = [innerWidth, stateSize]
      shapes["D"] = [innerWidth]
      shapes["x_proj.weight"] = [timeStepRank + 2 * stateSize, innerWidth]
      shapes["dt_proj.weight"] = [innerWidth, timeStepRank]
      shapes["dt_proj.bias"] = [innerWidth]
    case .mamba2:
      shapes["in_proj.weight"] = [innerWidth + mixed + heads, width]
      shapes["A_log"] = [heads]
      shapes["D"] = [heads]
      shapes["dt_bias"] = [heads]
      shapes["norm.weight"] = [innerWidth]
    }
    if usesConvolutionBias { shapes["conv1d.bias"] = [mixed] }
    if usesBias {
      shapes["in_proj.bias"] = [shapes["in_proj.weight"]?[0] ?? 0]
      shapes["out_proj.bias"] = [width]
    }
    return Dictionary(uniqueKeysWithValues: shapes.map { (prefix + $0.key, $0.value) })
  }
}
