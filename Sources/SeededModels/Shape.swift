package import Checkpoints
package import SpeechModel

/// A shape of all parts.
package enum Shape: String, CaseIterable, Sendable {
  /// The published sizes.
  case full
  /// A few megabytes: the sizes that one starts with when training from scratch.
  case small
  /// Some ten thousand weights, every part there: a block takes a fraction of a millisecond.
  case tiny

  /// The sizes of every part, and the `config.json` of the two transformers.
  package struct Sizes {
    package var manifest: ModelManifest
    var language: JSONObject
    var speechTokens: JSONObject
  }

  package func sizes() throws(CheckpointError) -> Sizes {
    switch self {
    case .full: try full()
    case .small: try small()
    case .tiny: try tiny()
    }
  }

  private func full() throws(CheckpointError) -> Sizes {
    var manifest = ModelManifest(
      name: "full shape, random weights", summary: "random weights: for measurements only")
    manifest.encoder.configuration = SpeechEncoderConfiguration(
      mamba: MambaConfiguration(width: 2048, layers: 32))
    manifest.encoder.connectorWidth = 4096
    manifest.language.tapLayer = 24
    manifest.language.capacity = 4096
    manifest.synthesizer.connectorWidth = 2048
    manifest.synthesizer.capacity = 2048
    // Twelve tokens are a chunk here; four chunks are heard before one, so that memory is bounded.
    manifest.synthesizer.flowConfiguration.chunk = 12
    manifest.synthesizer.flowConfiguration.leftContext = 4
    return Sizes(
      manifest: manifest,
      language: try Self.config(
        "llama", hidden: 4096, inner: 14336, layers: 32, heads: 32, keyValueHeads: 8,
        vocabulary: 128_256, epsilon: 1e-5, base: 500_000, isTied: false),
      speechTokens: try Self.config(
        "qwen2", hidden: 896, inner: 4864, layers: 24, heads: 14, keyValueHeads: 2,
        vocabulary: 151_936, epsilon: 1e-6, base: 1_000_000, isTied: true))
  }

  private func small() throws(CheckpointError) -> Sizes {
    var manifest = ModelManifest(
      name: "small shape, random weights", summary: "random weights: for measurements only")
    manifest.encoder.configuration = SpeechEncoderConfiguration(
      channels: 96,
      mamba: MambaConfiguration(variant: .mamba2, width: 256, layers: 6, stateSize: 64))
    manifest.encoder.connectorWidth = 512
    manifest.language.tapLayer = 6
    manifest.synthesizer.connectorWidth = 320
    var flow = FlowConfiguration()
    (flow.codes, flow.width, flow.heads, flow.feedForward) = (512, 192, 4, 512)
    (flow.layers, flow.upsampledLayers, flow.chunk, flow.leftContext) = (2, 2, 12, 4)
    (flow.channels, flow.estimatorHeads, flow.headWidth) = (96, 2, 32)
    (flow.estimatorFeedForward, flow.blockLayers, flow.midBlocks) = (256, 1, 2)
    (flow.timeWidth, flow.speakerWidth, flow.steps, flow.guidance) = (256, 64, 4, 0)
    manifest.synthesizer.flowConfiguration = flow
    manifest.synthesizer.vocoderConfiguration = VocoderConfiguration(form: .causal)
    manifest.synthesizer.vocoderConfiguration.baseChannels = 128
    manifest.synthesizer.vocoderConfiguration.pitchChannels = 128
    manifest.synthesizer.vocoderConfiguration.phase = .accumulated
    return Sizes(
      manifest: manifest,
      language: try Self.config(
        "llama", hidden: 320, inner: 864, layers: 8, heads: 5, keyValueHeads: 5,
        vocabulary: 1024, epsilon: 1e-5, base: 10_000, isTied: true),
      speechTokens: try Self.config(
        "qwen2", hidden: 256, inner: 704, layers: 4, heads: 4, keyValueHeads: 2,
        vocabulary: 32, epsilon: 1e-6, base: 10_000, isTied: true))
  }

  private func tiny() throws(CheckpointError) -> Sizes {
    var manifest = ModelManifest(
      name: "tiny shape, random weights", summary: "random weights: for tests only")
    manifest.encoder.configuration = SpeechEncoderConfiguration(
      channels: 8,
      mamba: MambaConfiguration(
        variant: .mamba2, width: 16, layers: 1, stateSize: 8, headSize: 16))
    manifest.encoder.connectorWidth = 16
    manifest.language.tapLayer = 1
    manifest.language.capacity = 1024
    manifest.synthesizer.connectorWidth = 16
    var flow = FlowConfiguration()
    (flow.codes, flow.width, flow.heads, flow.feedForward) = (32, 16, 2, 16)
    (flow.layers, flow.upsampledLayers, flow.chunk, flow.leftContext) = (1, 1, 12, 1)
    (flow.channels, flow.estimatorHeads, flow.headWidth) = (16, 1, 8)
    (flow.estimatorFeedForward, flow.blockLayers, flow.midBlocks) = (16, 1, 0)
    (flow.timeWidth, flow.speakerWidth, flow.steps, flow.guidance) = (16, 8, 1, 0)
    (flow.melBins, flow.noiseFrames) = (16, 512)
    manifest.synthesizer.flowConfiguration = flow
    var vocoder = VocoderConfiguration(form: .causal)
    (vocoder.melBins, vocoder.sampleRate, vocoder.phase) = (16, 16_000, .accumulated)
    (vocoder.upsampleRates, vocoder.upsampleKernels) = ([4, 4], [8, 8])
    (vocoder.fourierSize, vocoder.fourierHop, vocoder.harmonics) = (80, 20, 1)
    (vocoder.residualKernels, vocoder.residualDilations) = ([3], [[1]])
    (vocoder.sourceKernels, vocoder.sourceDilations) = ([3, 3], [[1], [1]])
    (vocoder.baseChannels, vocoder.pitchChannels, vocoder.pitchLayers) = (16, 8, 1)
    manifest.synthesizer.vocoderConfiguration = vocoder
    return Sizes(
      manifest: manifest,
      language: try Self.config(
        "llama", hidden: 32, inner: 32, layers: 2, heads: 2, keyValueHeads: 1,
        vocabulary: 48, epsilon: 1e-5, base: 10_000, isTied: true),
      speechTokens: try Self.config(
        "qwen2", hidden: 32, inner: 32, layers: 1, heads: 2, keyValueHeads: 1,
        vocabulary: 32, epsilon: 1e-6, base: 10_000, isTied: true))
  }

  private static func config(
    _ type: String, hidden: Int, inner: Int, layers: Int, heads: Int, keyValueHeads: Int,
    vocabulary: Int, epsilon: Double, base: Double, isTied: Bool
  ) throws(CheckpointError) -> JSONObject {
    func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
    return JSONObject([
      ("model_type", .string(type)), ("hidden_size", integer(hidden)),
      ("intermediate_size", integer(inner)), ("num_hidden_layers", integer(layers)),
      ("num_attention_heads", integer(heads)), ("num_key_value_heads", integer(keyValueHeads)),
      ("vocab_size", integer(vocabulary)), ("max_position_embeddings", integer(8192)),
      ("rms_norm_eps", .number(epsilon)), ("rope_theta", .number(base)),
      ("tie_word_embeddings", .bool(isTied)), ("eos_token_id", integer(0)),
    ])
  }
}
