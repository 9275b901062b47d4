package import Checkpoints
package import Tokenization

/// A language model's files, in whatever public layout: what is needed to load it.
package struct LanguageFiles: Sendable {
  /// The model's shape.
  package let configuration: LlamaConfiguration
  /// The model's shape as a `config.json`.
  package let json: JSONObject
  /// Its tensors, under Hugging Face's names, adapters merged.
  package let source: any TensorSource
  /// The GGUF file, where it is one.
  package let gguf: LlamaGGUF?

  /// Opens a `.gguf` file, a Hugging Face folder, or a safetensors file or index.
  ///
  /// - Parameters:
  ///   - path: the file or folder.
  ///   - config: the `config.json`; nil where the folder or the GGUF file has its own.
  ///   - adapters: PEFT folders, merged in this order.
  /// - Throws: `CheckpointError` that names the file and what is wrong with it.
  package init(
    path: String, config: String? = nil, adapters: [String] = []
  ) throws(CheckpointError) {
    var source: any TensorSource
    if path.hasSuffix(".gguf") {
      let model = try LlamaGGUF(path: path)
      json = Self.configuration(of: model)
      (gguf, source) = (model, model)
    } else {
      json = try JSONObject(contentsOfFile: config ?? FilePath.join(path, "config.json"))
      (gguf, source) = (nil, try SafeTensors.open(path))
    }
    configuration = try LlamaConfiguration(json: json)
    if !adapters.isEmpty {
      var opened: [LoRAAdapter] = []
      for adapter in adapters { opened.append(try LoRAAdapter(folder: adapter)) }
      source = try LoRAMergedSource(base: source, adapters: opened)
    }
    self.source = source
  }

  /// A GGUF file's shape with the divisors of its rotary frequencies, where it has some.
  private static func configuration(of model: LlamaGGUF) -> JSONObject {
    guard let divisors = model.ropeDivisors else { return model.configuration }
    let scaling = JSONObject([
      ("rope_type", "divisors"), ("divisors", .array(divisors.map { .number(Double($0)) })),
    ])
    return JSONObject(
      model.configuration.filter { $0.key != "rope_scaling" } + [("rope_scaling", .object(scaling))]
    )
  }

  /// The tokenizer: a `tokenizer.json`, or the GGUF file's own; nil where there is neither.
  package func tokenizer(path: String?) throws(CheckpointError) -> Tokenizer? {
    if let path { return try Tokenizer(path: path) }
    guard let gguf, gguf.file.metadata["tokenizer.ggml.model"] != nil else { return nil }
    let stored = try gguf.tokenizer()
    return try Tokenizer(
      tokens: stored.tokens, types: stored.tokenTypes, merges: stored.merges,
      preTokenizer: stored.preTokenizer ?? "", beginID: stored.beginOfText,
      endID: stored.endOfText, name: gguf.file.name)
  }

  /// A `tokenizer.json` of the GGUF file's own tokenizer; nil where there is none.
  package func tokenizerFile() throws(CheckpointError) -> JSONObject? {
    guard let gguf, gguf.file.metadata["tokenizer.ggml.model"] != nil else { return nil }
    return try gguf.tokenizer().tokenizerFile(name: gguf.file.name)
  }
}
