import Kernels

/// The sizes of a model that the metadata of a GGUF file give.
struct LlamaGGUFSizes {
  let architecture: String
  let hidden: Int
  let intermediate: Int
  let layers: Int
  let heads: Int
  let keyValueHeads: Int
  let headSize: Int

  private static let sizes = 1...10_000_000

  init(_ file: GGUFFile) throws(CheckpointError) {
    architecture = try file.string("general.architecture")
    guard architecture == "llama" || architecture == "qwen2" else {
      throw file.error(
        .unsupported, "general.architecture",
        "is \"\(architecture.excerpt)\", expected llama or qwen2")
    }
    let prefix = architecture + "."
    hidden = try file.integer(prefix + "embedding_length", in: Self.sizes)
    intermediate = try file.integer(prefix + "feed_forward_length", in: Self.sizes)
    layers = try file.integer(prefix + "block_count", in: 1...100_000)
    heads = try file.integer(prefix + "attention.head_count", in: 1...100_000)
    keyValueHeads =
      try file.optionalInteger(prefix + "attention.head_count_kv", in: 1...heads) ?? heads
    let headSize =
      try file.optionalInteger(prefix + "attention.key_length", in: Self.sizes) ?? hidden / heads
    guard headSize > 0, headSize % 2 == 0 else {
      throw file.error(
        .mismatch, prefix + "attention.key_length", "is \(headSize), expected an even number")
    }
    for key in ["attention.value_length", "rope.dimension_count"] {
      if let size = try file.optionalInteger(prefix + key), size != headSize {
        throw file.error(
          .unsupported, prefix + key, "is \(size), but the head size is \(headSize)")
      }
    }
    self.headSize = headSize
  }

  /// The sizes with the keys of a Hugging Face `config.json`.
  func configuration(of file: GGUFFile) throws(CheckpointError) -> JSONObject {
    let prefix = architecture + "."
    let tokenizer = "tokenizer.ggml."
    // The embedding tells the number of tokens where the metadata do not.
    let stated = try file.optionalInteger(prefix + "vocab_size")
    let vocabulary = file.stored("token_embd.weight")?.shape.first ?? stated
    func integer(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
    var scaling: JSONValue = .null
    if let kind = try file.optionalString(prefix + "rope.scaling.type"), kind != "none" {
      guard kind == "linear" else {
        throw file.error(
          .unsupported, prefix + "rope.scaling.type", "\"\(kind.excerpt)\" is not supported")
      }
      let factor = try file.number(prefix + "rope.scaling.factor")
      scaling = ["rope_type": "linear", "factor": .number(factor)]
    }
    var object = JSONObject([
      (key: "model_type", value: .string(architecture)),
      (key: "hidden_size", value: integer(hidden)),
      (key: "intermediate_size", value: integer(intermediate)),
      (key: "num_hidden_layers", value: integer(layers)),
      (key: "num_attention_heads", value: integer(heads)),
      (key: "num_key_value_heads", value: integer(keyValueHeads)),
      (key: "head_dim", value: integer(headSize)),
      (
        key: "rms_norm_eps",
        value: .number(try file.number(prefix + "attention.layer_norm_rms_epsilon"))
      ),
      (
        key: "rope_theta",
        value: .number(try file.optionalNumber(prefix + "rope.freq_base") ?? 10_000)
      ),
      (key: "rope_scaling", value: scaling),
      (key: "vocab_size", value: integer(vocabulary)),
      (
        key: "max_position_embeddings",
        value: integer(try file.optionalInteger(prefix + "context_length"))
      ),
      (key: "tie_word_embeddings", value: .bool(file.stored("output.weight") == nil)),
      (key: "hidden_act", value: "silu"),
      (
        key: "bos_token_id",
        value: integer(try file.optionalInteger(tokenizer + "bos_token_id"))
      ),
      (
        key: "eos_token_id",
        value: integer(try file.optionalInteger(tokenizer + "eos_token_id"))
      ),
    ])
    object.location = JSONLocation(file: file.name)
    return object
  }
}
