import Checkpoints
import Kernels
import Tokenization

extension ModelSummary {
  static func bundle(_ path: String) throws(CheckpointError) -> ModelSummary {
    let bundle = try ModelBundle(path: path)
    let manifest = bundle.manifest
    let language = try bundle.languageFiles()
    let parts =
      try encoderParts(bundle, languageWidth: language.configuration.hiddenSize) + [
        part(language, "language model", capacity: manifest.language.capacity)
      ] + synthesizerParts(bundle, language: language.configuration)
    var notes = [
      "thinking: \(manifest.block.thinking.rawValue); assistant stream delayed by "
        + "\(manifest.block.assistantDelay) block(s) of 80 ms",
      "hidden state tapped after layer \(manifest.language.tapLayer) of "
        + "\(language.configuration.layers)",
    ]
    if !manifest.summary.isEmpty { notes.insert(manifest.summary, at: 0) }
    let tokens = try bundle.stateTokens()
    notes.append("state tokens: think \(tokens.think), shift \(tokens.shift)")
    if let tokenizer = try bundle.tokenizer() {
      notes.append("tokenizer: \(tokenizer.vocabularySize) tokens")
    }
    return ModelSummary(kind: .bundle, name: manifest.name, parts: parts, notes: notes)
  }

  private static func encoderParts(
    _ bundle: ModelBundle, languageWidth: Int
  ) throws(CheckpointError) -> [Part] {
    let section = bundle.manifest.encoder
    let (sizes, connector) = (
      section.configuration, section.connector(languageWidth: languageWidth)
    )
    let source = try bundle.source(section.weights, setting: "encoder.weights")
    return [
      Part(
        "encoder",
        "\(sizes.logMel.bins) bins, \(sizes.mamba.layers) x \(sizes.mamba.width) "
          + sizes.mamba.variant.rawValue,
        in: source, needs: sizes.tensorShapes(prefix: section.prefix),
        stateByteCount: 2 * sizes.mamba.stateByteCount),
      Part(
        "connector",
        "\(connector.framesPerBlock) x \(connector.width) to \(connector.embeddingsPerBlock) x "
          + "\(connector.languageWidth)",
        in: source, needs: connector.tensorShapes(prefix: section.connectorPrefix)),
    ]
  }

  private static func synthesizerParts(
    _ bundle: ModelBundle, language: LlamaConfiguration
  ) throws(CheckpointError) -> [Part] {
    let section = bundle.manifest.synthesizer
    let configuration = try bundle.speechTokenConfiguration()
    let width = configuration.transformer.hiddenSize
    let source = try bundle.source(section.weights, setting: "synthesizer.weights")
    let flow = section.flowConfiguration
    let vocoder = section.vocoderConfiguration
    let vocoderSource = try bundle.source(section.vocoder, setting: "synthesizer.vocoder")
    var tokens = configuration.tensorShapes(prefix: section.tokensPrefix)
    // The text comes as hidden states: a table of its own may be left out.
    let table = "\(section.tokensPrefix)llm.model.model.embed_tokens.weight"
    if source.info(table) == nil { tokens[table] = nil }
    var connector = HiddenConnector.tensorShapes(
      inputs: language.hiddenSize, inner: section.connectorWidth, outputs: width)
    let words = "connector.words.weight"
    let hasWords = source.info(words) != nil
    if hasWords { connector[words] = [language.vocabularySize, width] }
    return [
      Part(
        "hidden connector",
        "\(language.hiddenSize) \(hasWords ? "and the token " : "")to \(width)", in: source,
        needs: connector),
      Part(
        "speech-token model",
        shape(configuration.transformer) + ", \(section.textChunk) text : "
          + "\(section.speechChunk) speech",
        in: source, needs: tokens,
        stateByteCount: section.capacity * configuration.transformer.cacheBytesPerPosition),
      Part(
        "flow decoder",
        "encoder \(flow.layers)+\(flow.upsampledLayers) x \(flow.width), estimator "
          + "\(flow.midBlocks + 2) x \(flow.channels), \(flow.steps) steps",
        in: try bundle.source(section.flow, setting: "synthesizer.flow"),
        needs: flow.tensorShapes),
      Part(
        "vocoder",
        "\(vocoder.form.rawValue), \(vocoder.baseChannels) channels, "
          + "\(vocoder.sampleRate) Hz", in: vocoderSource,
        needs: vocoder.tensorShapes(in: vocoderSource)),
    ]
  }

  private static func part(
    _ files: LanguageFiles, _ name: String, capacity: Int
  ) -> Part {
    Part(
      name, shape(files.configuration), in: files.source,
      needs: files.configuration.tensorShapes(),
      stateByteCount: capacity * files.configuration.cacheBytesPerPosition)
  }

  private static func shape(_ sizes: LlamaConfiguration) -> String {
    "\(sizes.layers) x \(sizes.hiddenSize), \(sizes.heads)/\(sizes.keyValueHeads) heads, "
      + "\(sizes.vocabularySize) tokens"
  }

  static func gguf(_ path: String) throws(CheckpointError) -> ModelSummary {
    let file = try GGUFFile(path: path)
    guard let architecture = try file.optionalString("general.architecture"),
      ["llama", "qwen2"].contains(architecture)
    else {
      return ModelSummary(kind: .gguf, name: path, parts: [Part("tensors", "", in: file)])
    }
    return try language(.gguf, path)
  }

  static func huggingFace(_ path: String) throws(CheckpointError) -> ModelSummary {
    let config = FilePath.join(path, "config.json")
    let json = try MambaConfiguration.readLeniently(
      Array(try MappedFile(path: config).bytes), file: config)
    guard try json.optionalString("model_type")?.hasPrefix("mamba") == true else {
      return try language(.huggingFace, path)
    }
    let sizes = try MambaConfiguration(json: json)
    let source = try SafeTensors.open(path)
    // The class with a language-model head puts everything below "backbone.".
    let prefix = source.info("backbone.norm_f.weight") == nil ? "" : "backbone."
    return ModelSummary(
      kind: .huggingFace, name: path,
      parts: [
        Part(
          sizes.variant.rawValue, "\(sizes.layers) x \(sizes.width)", in: source,
          needs: sizes.tensorShapes(prefix: prefix), stateByteCount: sizes.stateByteCount)
      ])
  }

  private static func language(
    _ kind: Kind, _ path: String
  ) throws(CheckpointError) -> ModelSummary {
    let files = try LanguageFiles(path: path)
    // What conversations are limited to unless a bundle says otherwise: about five minutes.
    let capacity = min(files.configuration.maximumPositions, 8192)
    let json = FilePath.join(path, "tokenizer.json")
    let tokenizer = try files.tokenizer(path: FilePath.exists(json) ? json : nil)
    return ModelSummary(
      kind: kind, name: path, parts: [part(files, "language model", capacity: capacity)],
      notes: ["states are those of \(capacity) positions"]
        + (tokenizer.map { ["tokenizer: \($0.vocabularySize) tokens"] } ?? []))
  }

  static func adapter(_ path: String) throws(CheckpointError) -> ModelSummary {
    // Opening it checks that its factors are complete.
    _ = try LoRAAdapter(folder: path)
    let tensors = try SafeTensorsFile(path: FilePath.join(path, "adapter_model.safetensors"))
    return ModelSummary(kind: .adapter, name: path, parts: [Part("adapter", "", in: tensors)])
  }

  static func tokenizer(_ path: String) throws(CheckpointError) -> ModelSummary {
    let tokenizer = try Tokenizer(path: path)
    return ModelSummary(
      kind: .tokenizer, name: path, parts: [], notes: ["\(tokenizer.vocabularySize) tokens"])
  }
}
