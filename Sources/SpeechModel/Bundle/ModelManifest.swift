public import Checkpoints

/// What binds files into one model: the sizes of the parts, their files, and what training fixed.
///
/// It is the file `manifest.json` of a bundle. Paths are relative to the folder and stay inside it.
public struct ModelManifest: Sendable, Equatable {
  /// How the state, listening or speaking, is handled.
  public enum Thinking: String, Sendable, Codable {
    /// State tokens are predicted and fed back, one per block.
    case explicit
    /// The state is read from the logits and not fed back.
    case implicit
  }

  /// The block and what surrounds it.
  public struct Block: Sendable, Equatable, Codable {
    /// Blocks from the time when a sample is put out to the time when the encoder hears it.
    public var assistantDelay = 1
    /// How the state is handled.
    public var thinking = Thinking.explicit

    /// One block of delay, explicit thinking.
    public init() {}
  }

  /// Front end, encoder and connector.
  public struct Encoder: Sendable, Equatable, Codable {
    /// A safetensors file, index or folder.
    public var weights = "encoder.safetensors"
    /// What the names of the encoder's tensors begin with.
    public var prefix = "encoder."
    /// What the names of the connector's tensors begin with.
    public var connectorPrefix = "connector."
    /// The sizes of front end and stack.
    public var configuration = SpeechEncoderConfiguration(
      mamba: MambaConfiguration(width: 256, layers: 6))
    /// The width between the connector's two maps.
    public var connectorWidth = 512
    /// The embeddings that one block of one stream becomes.
    public var embeddingsPerBlock = 1

    /// Six blocks of 256.
    public init() {}

    /// The connector's sizes for a language model of a width.
    public func connector(languageWidth: Int) -> ConnectorConfiguration {
      ConnectorConfiguration(
        width: configuration.mamba.width, hiddenWidth: connectorWidth,
        languageWidth: languageWidth, framesPerBlock: configuration.framesPerBlock,
        embeddingsPerBlock: embeddingsPerBlock)
    }
  }

  /// The language model.
  public struct Language: Sendable, Equatable, Codable {
    /// A safetensors file, an index, a Hugging Face folder or a `.gguf` file.
    public var weights = "language.safetensors"
    /// The `config.json`; empty where the weights are a folder or a GGUF file, which have their own.
    public var config = ""
    /// PEFT folders that are merged on load, in this order.
    public var adapters: [String] = []
    /// The `tokenizer.json`; empty where a GGUF file has its own, or where there is none.
    public var tokenizer = "tokenizer.json"
    /// The state token for going on: its text in the vocabulary, or its id in digits.
    public var think = "<think>"
    /// The state token for changing between listening and speaking.
    public var shift = "<shift>"
    /// The layer after which the hidden state goes to the synthesizer.
    public var tapLayer = 1
    /// The positions that the key-value cache holds at most.
    public var capacity = 8192

    /// The names of a bundle's usual files.
    public init() {}
  }

  /// The synthesizer.
  public struct Synthesizer: Sendable, Equatable, Codable {
    /// The safetensors file of the connector from hidden states, prefix `connector.`, and of the
    /// speech-token model, prefix ``tokensPrefix``.
    public var weights = "speech-tokens.safetensors"
    /// The speech-token model's `config.json`, in the Qwen2 form.
    public var config = "speech-tokens.json"
    /// What the names of the speech-token model's tensors begin with.
    public var tokensPrefix = ""
    /// The width between the connector's two maps.
    public var connectorWidth = 512
    /// The safetensors file of the flow decoder.
    public var flow = "flow.safetensors"
    /// The sizes of the flow decoder.
    public var flowConfiguration = FlowConfiguration()
    /// The safetensors file of the vocoder.
    public var vocoder = "vocoder.safetensors"
    /// The sizes of the vocoder.
    public var vocoderConfiguration = VocoderConfiguration()
    /// The voice: a safetensors file with `tokens`, `mel` and `speaker`.
    public var voice = "voice.safetensors"
    /// How text and speech take turns.
    public var mode = SpeechTokenConfiguration.Mode.chunk
    /// Text positions of a chunk.
    public var textChunk = 4
    /// Speech tokens of a chunk, 40 ms each.
    public var speechChunk = 12
    /// The positions that the speech-token model's cache holds at most: one sentence.
    public var capacity = 2048
    /// How speech tokens are drawn; a small model of one voice is best drawn closely.
    public var sampling = RepetitionAwareSampler.Configuration()

    /// The sizes of CosyVoice2-0.5B and the chunks of SALMONN-omni.
    public init() {}
  }

  /// The model's name.
  public var name: String
  /// What a reader should know of it, in a sentence.
  public var summary: String
  /// The block.
  public var block: Block
  /// Front end, encoder and connector.
  public var encoder: Encoder
  /// The language model.
  public var language: Language
  /// The synthesizer.
  public var synthesizer: Synthesizer

  /// Puts a manifest together.
  public init(
    name: String, summary: String = "", block: Block = Block(), encoder: Encoder = Encoder(),
    language: Language = Language(), synthesizer: Synthesizer = Synthesizer()
  ) {
    self.name = name
    self.summary = summary
    self.block = block
    self.encoder = encoder
    self.language = language
    self.synthesizer = synthesizer
  }
}

extension ModelManifest {
  /// What the file's `format` says.
  static let format = "salmonn-omni bundle"
  /// The version that is written, and the newest that is read.
  static let version = 1
  private static let sections = [
    "format", "version", "name", "summary", "block", "encoder", "language", "synthesizer",
  ]

  /// Reads a manifest.
  ///
  /// - Throws: `CheckpointError` that names the setting and what was expected.
  public init(json object: JSONObject) throws(CheckpointError) {
    guard try object.optionalString("format") == Self.format else {
      throw object.error(.malformed, "format", reason: "expected \"\(Self.format)\"")
    }
    let version = try object.integer("version", in: 1...Int.max)
    guard version <= Self.version else {
      throw object.error(
        .unsupported, "version",
        reason: "is \(version); this build reads up to \(Self.version): update it")
    }
    if let unknown = object.keys.first(where: { !Self.sections.contains($0) }) {
      throw object.error(.mismatch, unknown, reason: "is no section of a manifest")
    }
    func section<Settings: Codable>(
      _ key: String, _ defaults: Settings
    ) throws(CheckpointError) -> Settings {
      guard let section = try object.optionalObject(key) else { return defaults }
      return try ManifestCoding.decode(section, over: defaults)
    }
    // The two forms of the vocoder have different defaults.
    var synthesizer = Synthesizer()
    let vocoder = try object.optionalObject("synthesizer")?.optionalObject("vocoderConfiguration")
    if let form = try vocoder?.optionalString("form").flatMap(VocoderConfiguration.Form.init) {
      synthesizer.vocoderConfiguration = VocoderConfiguration(form: form)
    }
    self.init(
      name: try object.string("name"), summary: try object.optionalString("summary") ?? "",
      block: try section("block", Block()), encoder: try section("encoder", Encoder()),
      language: try section("language", Language()),
      synthesizer: try section("synthesizer", synthesizer))
    try validate(object)
  }

  /// The manifest as JSON; every setting is written.
  public func json() throws(CheckpointError) -> JSONObject {
    JSONObject([
      ("format", .string(Self.format)), ("version", .integer(Int64(Self.version))),
      ("name", .string(name)), ("summary", .string(summary)),
      ("block", .object(try ManifestCoding.encode(block))),
      ("encoder", .object(try ManifestCoding.encode(encoder))),
      ("language", .object(try ManifestCoding.encode(language))),
      ("synthesizer", .object(try ManifestCoding.encode(synthesizer))),
    ])
  }

  /// Every file that the manifest names, in the order of the data's way through the model.
  var files: [(setting: String, path: String)] {
    [
      ("encoder.weights", encoder.weights), ("language.weights", language.weights),
      ("language.config", language.config), ("language.tokenizer", language.tokenizer),
      ("synthesizer.weights", synthesizer.weights), ("synthesizer.config", synthesizer.config),
      ("synthesizer.flow", synthesizer.flow), ("synthesizer.vocoder", synthesizer.vocoder),
      ("synthesizer.voice", synthesizer.voice),
    ] + language.adapters.map { ("language.adapters", $0) }
  }

  private func validate(_ object: JSONObject) throws(CheckpointError) {
    func check(_ setting: String, _ value: Int, _ range: ClosedRange<Int>) throws(CheckpointError) {
      guard range.contains(value) else {
        throw object.error(
          .mismatch, setting,
          reason: "is \(value), expected \(range.lowerBound) to \(range.upperBound)")
      }
    }
    try check("block.assistantDelay", block.assistantDelay, 1...8)
    try check("encoder.connectorWidth", encoder.connectorWidth, 1...1 << 17)
    try check("language.tapLayer", language.tapLayer, 0...1024)
    try check("language.capacity", language.capacity, 16...1 << 24)
    try check("synthesizer.connectorWidth", synthesizer.connectorWidth, 1...1 << 17)
    try check("synthesizer.textChunk", synthesizer.textChunk, 1...1024)
    try check("synthesizer.speechChunk", synthesizer.speechChunk, 1...4096)
    try check("synthesizer.capacity", synthesizer.capacity, 16...1 << 24)
    let sampling = synthesizer.sampling
    try check("synthesizer.sampling.topK", sampling.topK, 1...1 << 24)
    try check("synthesizer.sampling.window", sampling.window, 1...1 << 16)
    for (setting, value) in [("topP", sampling.topP), ("threshold", sampling.threshold)] {
      guard value.isFinite, value > 0 else {
        throw object.error(
          .mismatch, "synthesizer.sampling.\(setting)",
          reason: "is \(value), expected a number over 0")
      }
    }
    for (setting, path) in files {
      let parts = path.split(separator: "/", omittingEmptySubsequences: false)
      guard path.isEmpty || !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
        throw object.error(
          .mismatch, setting, reason: "is \"\(path)\", expected a path inside the bundle's folder")
      }
    }
    do {
      try encoder.configuration.validate()
      try synthesizer.flowConfiguration.validate()
      try synthesizer.vocoderConfiguration.validate()
    } catch {
      // The parts do not know where their sizes come from.
      throw object.error(error.code, error.subject ?? "configuration", reason: error.reason)
    }
  }
}
