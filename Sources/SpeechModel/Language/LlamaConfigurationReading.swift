public import Checkpoints

extension LlamaConfiguration {
  /// Reads the `config.json` of a Hugging Face model of type `llama` or `qwen2`, old or new.
  ///
  /// - Throws: `CheckpointError` that names the file, the key, and what was expected; of the kind
  ///   `unsupported` for other types of model, and for what would change the computation and is
  ///   not known here: other activations, other position scalings, a window that is in use,
  ///   weights in a packed form of their own.
  public init(json: JSONObject) throws(CheckpointError) {
    let type = try json.string("model_type")
    guard type == "llama" || type == "qwen2" else {
      throw json.error(
        .unsupported, "model_type", reason: "is \"\(type)\", expected \"llama\" or \"qwen2\"")
    }
    let isQwen = type == "qwen2"
    let activation = try json.optionalString("hidden_act") ?? "silu"
    guard activation == "silu" else {
      throw json.error(
        .unsupported, "hidden_act", reason: "is \"\(activation)\", expected \"silu\"")
    }
    guard json.optionalValue("quantization_config") == nil else {
      throw json.error(
        .unsupported, "quantization_config", reason: "is there, expected plain weights")
    }
    let layers = try json.integer("num_hidden_layers")
    if isQwen { try Self.refuseWindow(json, layers: layers) }
    let heads = try json.integer("num_attention_heads")
    let hasBias = try json.optionalBool("attention_bias") ?? false
    do {
      try self.init(
        hiddenSize: try json.integer("hidden_size"),
        intermediateSize: try json.integer("intermediate_size"), layers: layers, heads: heads,
        keyValueHeads: try json.optionalInteger("num_key_value_heads") ?? heads,
        headSize: try json.optionalInteger("head_dim"),
        vocabularySize: try json.integer("vocab_size"),
        maximumPositions: try json.optionalInteger("max_position_embeddings")
          ?? (isQwen ? 32_768 : 2_048),
        normEpsilon: Float(try json.optionalNumber("rms_norm_eps") ?? 1e-6),
        rotary: try RotaryConfiguration(json: json),
        tiesEmbeddings: try json.optionalBool("tie_word_embeddings") ?? false,
        biases: isQwen
          ? Biases(queryKeyValue: true)
          : Biases(
            queryKeyValue: hasBias, attentionOutput: hasBias,
            feedForward: try json.optionalBool("mlp_bias") ?? false),
        endTokens: try Self.endTokens(json))
    } catch {
      // Errors of range do not know the file.
      throw CheckpointError(
        error.code, file: error.file ?? json.location?.file, subject: error.subject,
        reason: error.reason)
    }
  }

  /// One token, a list of them, or none.
  private static func endTokens(_ json: JSONObject) throws(CheckpointError) -> [Int] {
    switch json.optionalValue("eos_token_id") {
    case nil: []
    case .array: try json.integers("eos_token_id")
    default: [try json.integer("eos_token_id")]
    }
  }

  /// Qwen2 files name a window even where no layer uses it.
  private static func refuseWindow(_ json: JSONObject, layers: Int) throws(CheckpointError) {
    guard try json.optionalBool("use_sliding_window") ?? false,
      json.optionalValue("sliding_window") != nil
    else { return }
    let isUsed =
      if let types = try json.optionalStrings("layer_types") {
        types.contains { $0 != "full_attention" }
      } else {
        try json.optionalInteger("max_window_layers") ?? 28 < layers
      }
    guard !isUsed else {
      throw json.error(
        .unsupported, "use_sliding_window", reason: "is true, expected full attention in all layers"
      )
    }
  }
}

extension RotaryConfiguration {
  /// Reads `rope_theta` and `rope_scaling`, or `rope_parameters`, which holds both in newer files.
  init(json: JSONObject) throws(CheckpointError) {
    let parameters = try json.optionalObject("rope_parameters")
    var base = try json.optionalNumber("rope_theta") ?? 10_000
    if let own = try parameters?.optionalNumber("rope_theta") { base = own }
    let old = try json.optionalObject("rope_scaling")
    guard let scaling = parameters ?? old else {
      self.init(base: base)
      return
    }
    let key = scaling.optionalValue("rope_type") == nil ? "type" : "rope_type"
    let type = try scaling.optionalString(key) ?? "default"
    switch type {
    case "default":
      self.init(base: base)
    case "llama3":
      self.init(
        base: base,
        scaling: .llama3(
          factor: try scaling.number("factor"),
          lowFrequency: try scaling.number("low_freq_factor"),
          highFrequency: try scaling.number("high_freq_factor"),
          context: try scaling.number("original_max_position_embeddings")))
    case "divisors":
      // Ours: what a GGUF file holds as a tensor.
      self.init(base: base, scaling: .divisors(try scaling.numbers("divisors")))
    default:
      throw scaling.error(
        .unsupported, key, reason: "is \"\(type)\", expected \"default\" or \"llama3\"")
    }
  }
}
