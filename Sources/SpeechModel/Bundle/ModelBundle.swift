public import Checkpoints
public import Kernels
public import Tokenization

/// A folder that holds a whole model, opened but not loaded.
///
/// Weights are mapped into memory when a part is made, and shared by all copies of it.
///
/// ```swift
/// let bundle = try ModelBundle(path: "my-model")
/// var language = try bundle.language(compute: Compute(threads: 2))
/// ```
public struct ModelBundle: Sendable {
  /// The folder.
  public let folder: String
  /// What the folder's `manifest.json` says.
  public let manifest: ModelManifest

  /// Opens a folder.
  ///
  /// - Throws: `CheckpointError` where there is no manifest, or it is wrong.
  public init(path: String) throws(CheckpointError) {
    folder = path
    manifest = try ModelManifest(
      json: JSONObject(contentsOfFile: FilePath.join(path, "manifest.json")))
  }

  /// A file of the bundle; nil where the manifest leaves the setting empty.
  package func file(_ name: String) -> String? {
    name.isEmpty ? nil : FilePath.join(folder, name)
  }

  private func required(_ name: String, _ setting: String) throws(CheckpointError) -> String {
    guard let path = file(name) else {
      throw CheckpointError(
        .missing, file: FilePath.join(folder, "manifest.json"), subject: setting,
        reason: "names no file")
    }
    return path
  }

  /// Opens the language model's files.
  package func languageFiles() throws(CheckpointError) -> LanguageFiles {
    let section = manifest.language
    return try LanguageFiles(
      path: try required(section.weights, "language.weights"), config: file(section.config),
      adapters: section.adapters.map { FilePath.join(folder, $0) })
  }

  /// The tensors of a part.
  package func source(_ name: String, setting: String) throws(CheckpointError) -> any TensorSource {
    try SafeTensors.open(try required(name, setting))
  }

  /// The shape of the speech-token model and the rules of its sequence.
  package func speechTokenConfiguration() throws(CheckpointError) -> SpeechTokenConfiguration {
    let section = manifest.synthesizer
    let json = try JSONObject(
      contentsOfFile: try required(section.config, "synthesizer.config"))
    return try SpeechTokenConfiguration(
      transformer: try LlamaConfiguration(json: json), codes: section.flowConfiguration.codes,
      textChunk: section.textChunk, speechChunk: section.speechChunk, mode: section.mode)
  }

  /// Loads front end, encoder and connector for both streams.
  ///
  /// - Throws: `CheckpointError` that names file, tensor or setting.
  public func encoder(compute: Compute) throws(CheckpointError) -> DualStreamEncoder {
    let section = manifest.encoder
    let tensors = try source(section.weights, setting: "encoder.weights")
    let width = try languageFiles().configuration.hiddenSize
    return try DualStreamEncoder(
      try SpeechEncoder(
        section.configuration, from: tensors, prefix: section.prefix, compute: compute),
      try Connector(
        section.connector(languageWidth: width), from: tensors, prefix: section.connectorPrefix,
        compute: compute))
  }

  /// Loads the language model, adapters merged.
  ///
  /// - Throws: `CheckpointError` that names file, tensor or setting.
  public func language(compute: Compute) throws(CheckpointError) -> LanguageModel {
    let files = try languageFiles()
    guard manifest.language.tapLayer <= files.configuration.layers else {
      throw CheckpointError(
        .mismatch, file: FilePath.join(folder, "manifest.json"), subject: "language.tapLayer",
        reason: "is \(manifest.language.tapLayer); there are \(files.configuration.layers) layers")
    }
    return try LanguageModel(
      configuration: files.configuration, from: files.source,
      capacity: manifest.language.capacity, compute: compute)
  }

  /// Loads the synthesizer with the bundle's voice.
  ///
  /// The draws of speech tokens start at `seed`.
  /// - Throws: `CheckpointError` that names file, tensor or setting.
  public func synthesizer(
    seed: UInt64 = 0, compute: Compute
  ) throws(CheckpointError) -> Synthesizer {
    let section = manifest.synthesizer
    let tensors = try source(section.weights, setting: "synthesizer.weights")
    let configuration = try speechTokenConfiguration()
    let language = try languageFiles().configuration
    return try Synthesizer(
      connector: try HiddenConnector(
        inputs: language.hiddenSize, inner: section.connectorWidth,
        outputs: configuration.transformer.hiddenSize, vocabulary: language.vocabularySize,
        from: tensors, prefix: "connector.", compute: compute),
      speechTokens: try SpeechTokenModel(
        configuration: configuration, from: tensors, prefix: section.tokensPrefix,
        capacity: section.capacity,
        sampling: .repetitionAware(section.sampling, seed: seed),
        compute: compute),
      flow: try FlowDecoder(
        section.flowConfiguration,
        from: ExpandedSource(try source(section.flow, setting: "synthesizer.flow")),
        prompt: try voice(), compute: compute),
      vocoder: try Vocoder(
        section.vocoderConfiguration,
        from: ExpandedSource(try source(section.vocoder, setting: "synthesizer.vocoder")),
        compute: compute))
  }

  /// The bundle's voice: `tokens` (integers), `mel` `[2 tokens, bins]`, `speaker`.
  public func voice() throws(CheckpointError) -> VoicePrompt {
    let path = try required(manifest.synthesizer.voice, "synthesizer.voice")
    let flow = manifest.synthesizer.flowConfiguration
    let file = try SafeTensorsFile(path: path)
    let tokens = try file.integers("tokens")
    let frames = flow.upsampling * tokens.count
    return VoicePrompt(
      tokens: tokens,
      mel: Matrix(
        rows: frames, columns: flow.melBins,
        values: try file.values("mel", shape: [frames, flow.melBins])),
      speaker: try file.vector("speaker", count: flow.speakerWidth))
  }

  /// Loads the tokenizer; nil where the bundle has none.
  ///
  /// - Throws: `CheckpointError` that names the file and what is wrong with it.
  public func tokenizer() throws(CheckpointError) -> Tokenizer? {
    let path = file(manifest.language.tokenizer)
    return try languageFiles().tokenizer(path: path)
  }

  /// The ids of the two state tokens.
  ///
  /// - Throws: `CheckpointError` where the vocabulary has no such token.
  public func stateTokens() throws(CheckpointError) -> (think: Int, shift: Int) {
    let tokenizer = try tokenizer()
    let size = try languageFiles().configuration.vocabularySize
    func id(_ token: String, _ setting: String) throws(CheckpointError) -> Int {
      if let id = tokenizer?.id(of: token) ?? Int(token), (0..<size).contains(id) { return id }
      throw CheckpointError(
        .mismatch, file: FilePath.join(folder, "manifest.json"), subject: setting,
        reason: "is \"\(token)\", which is neither a token nor an id below \(size)")
    }
    return (
      try id(manifest.language.think, "language.think"),
      try id(manifest.language.shift, "language.shift")
    )
  }
}
