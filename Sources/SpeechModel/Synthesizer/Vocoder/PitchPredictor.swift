import Checkpoints
import Kernels

/// Mel frames to the fundamental frequency in hertz, frame by frame.
struct PitchPredictor: Sendable {
  private var layers: [StreamingConvolution]
  private let classifier: Linear

  init(
    _ configuration: VocoderConfiguration, from weights: VocoderWeights
  ) throws(CheckpointError) {
    let channels = configuration.pitchChannels
    layers = []
    for layer in 0..<configuration.pitchLayers {
      layers.append(
        try StreamingConvolution(
          "f0_predictor.condnet.\(2 * layer)",
          inputs: layer == 0 ? configuration.melBins : channels, outputs: channels,
          geometry: configuration.pitchGeometry(layer: layer), from: weights))
    }
    classifier = try weights.linear("f0_predictor.classifier", inputs: channels, outputs: 1)
  }

  mutating func step(_ mel: Matrix, ended: Bool) -> [Float] {
    var x = mel
    for index in layers.indices {
      x = layers[index].step(x, ended: ended)
      Elementwise.apply(.elu, to: &x)
    }
    return x.rows == 0 ? [] : classifier(x).values.map(abs)
  }

  mutating func reset() {
    for index in layers.indices { layers[index].reset() }
  }
}
