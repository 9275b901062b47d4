import Checkpoints
import SpeechModel
import TestSupport
import Testing

@Suite struct LlamaConfigurationTests {
  private func read(_ text: String) throws -> LlamaConfiguration {
    try LlamaConfiguration(json: JSONObject(parsing: Array(text.utf8), file: "config.json"))
  }

  /// A legal file with some values replaced; nil takes a key away.
  private func read(replacing values: [(key: String, value: String?)]) throws
    -> LlamaConfiguration
  {
    var all = [
      "model_type": "\"llama\"", "hidden_size": "32", "intermediate_size": "64",
      "num_hidden_layers": "2", "num_attention_heads": "4", "num_key_value_heads": "2",
      "vocab_size": "100", "max_position_embeddings": "128", "rms_norm_eps": "1e-5",
      "rope_theta": "500000.0", "eos_token_id": "7",
    ]
    for (key, value) in values { all[key] = value }
    let pairs = all.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }
    return try read("{\(pairs.joined(separator: ", "))}")
  }

  @Test func `files of newer transformers give the known shapes`() throws {
    for tiny in try TinyLanguageModel.all() {
      let json = try JSONObject(contentsOfFile: Goldens.path("language/\(tiny.name).json"))
      #expect(try LlamaConfiguration(json: json) == tiny.configuration)
    }
  }

  @Test func `a file of Llama-3_2-1B gives its shape`() throws {
    let found = try read(
      """
      {"architectures": ["LlamaForCausalLM"], "attention_bias": false, "bos_token_id": 128000,
       "eos_token_id": [128001, 128008, 128009], "head_dim": 64, "hidden_act": "silu",
       "hidden_size": 2048, "intermediate_size": 8192, "max_position_embeddings": 131072,
       "mlp_bias": false, "model_type": "llama", "num_attention_heads": 32,
       "num_hidden_layers": 16, "num_key_value_heads": 8, "rms_norm_eps": 1e-05,
       "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
        "original_max_position_embeddings": 8192, "rope_type": "llama3"},
       "rope_theta": 500000.0, "tie_word_embeddings": true, "vocab_size": 128256}
      """)
    let expected = try LlamaConfiguration(
      hiddenSize: 2_048, intermediateSize: 8_192, layers: 16, heads: 32, keyValueHeads: 8,
      headSize: 64, vocabularySize: 128_256, maximumPositions: 131_072, normEpsilon: 1e-5,
      rotary: RotaryConfiguration(
        base: 500_000,
        scaling: .llama3(factor: 32, lowFrequency: 1, highFrequency: 4, context: 8_192)),
      tiesEmbeddings: true, endTokens: [128_001, 128_008, 128_009])
    #expect(found == expected)
    #expect(found.cacheBytesPerPosition == 65_536)
  }

  @Test func `a file of Qwen2-0_5B gives its shape, with biases and an unused window`() throws {
    let found = try read(
      """
      {"model_type": "qwen2", "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 896,
       "intermediate_size": 4864, "max_position_embeddings": 131072, "max_window_layers": 24,
       "num_attention_heads": 14, "num_hidden_layers": 24, "num_key_value_heads": 2,
       "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 131072,
       "tie_word_embeddings": true, "use_sliding_window": false, "vocab_size": 151936}
      """)
    #expect(found.biases == LlamaConfiguration.Biases(queryKeyValue: true))
    #expect(found.headSize == 64 && found.tiesEmbeddings && found.endTokens == [151_643])
    #expect(found.rotary == RotaryConfiguration(base: 1_000_000))
    #expect(found.cacheBytesPerPosition == 4 * 6_144)
  }

  @Test func `what is missing has the defaults of the type`() throws {
    let found = try read(replacing: [
      ("num_key_value_heads", nil), ("max_position_embeddings", nil), ("rms_norm_eps", nil),
      ("rope_theta", nil), ("eos_token_id", "null"), ("head_dim", "null"),
      ("rope_scaling", "null"),
    ])
    #expect(found.keyValueHeads == 4 && found.headSize == 8 && found.maximumPositions == 2_048)
    #expect(found.normEpsilon == 1e-6 && found.rotary == RotaryConfiguration(base: 10_000))
    #expect(found.endTokens == [] && !found.tiesEmbeddings)
    #expect(found.biases == LlamaConfiguration.Biases())
  }

  @Test func `biases of a Llama are read`() throws {
    let found = try read(replacing: [("attention_bias", "true"), ("mlp_bias", "true")])
    #expect(
      found.biases
        == LlamaConfiguration.Biases(
          queryKeyValue: true, attentionOutput: true, feedForward: true))
  }

  @Test(arguments: ["type", "rope_type"])
  func `the scaling's type has two names`(key: String) throws {
    let scaling = """
      {"\(key)": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
       "original_max_position_embeddings": 256}
      """
    let found = try read(replacing: [("rope_scaling", scaling)])
    #expect(found.rotary.scaling == TinyLanguageModel.llama3)
  }

  static let faults: [(key: String, value: String?, code: CheckpointError.Code)] = [
    ("model_type", nil, .missing), ("model_type", "\"gpt2\"", .unsupported),
    ("hidden_act", "\"gelu\"", .unsupported), ("quantization_config", "{}", .unsupported),
    ("hidden_size", nil, .missing), ("hidden_size", "\"32\"", .mismatch),
    ("hidden_size", "33", .mismatch), ("hidden_size", "-32", .mismatch),
    ("hidden_size", "9223372036854775807", .mismatch), ("hidden_size", "1e400", .malformed),
    ("intermediate_size", "0", .mismatch), ("num_hidden_layers", "1000000", .mismatch),
    ("num_attention_heads", "0", .mismatch), ("num_key_value_heads", "3", .mismatch),
    ("num_key_value_heads", "0", .mismatch), ("num_key_value_heads", "8", .mismatch),
    ("head_dim", "7", .mismatch), ("head_dim", "0", .mismatch),
    ("vocab_size", "4000000000", .mismatch), ("rms_norm_eps", "0", .mismatch),
    ("rms_norm_eps", "-1e-5", .mismatch), ("rope_theta", "0.5", .mismatch),
    ("eos_token_id", "100", .mismatch), ("eos_token_id", "[1, -1]", .mismatch),
    ("eos_token_id", "\"end\"", .mismatch), ("rope_scaling", "[]", .mismatch),
    ("rope_scaling", #"{"rope_type": "yarn", "factor": 4}"#, .unsupported),
    ("rope_scaling", #"{"rope_type": "llama3", "factor": 4}"#, .missing),
    (
      "rope_scaling",
      #"{"type": "llama3", "factor": 4, "low_freq_factor": 4, "high_freq_factor": 1, "#
        + #""original_max_position_embeddings": 64}"#,
      .mismatch
    ),
  ]

  @Test(arguments: faults)
  func `a fault is named with the file`(
    key: String, value: String?, code: CheckpointError.Code
  ) throws {
    let error = #expect(throws: CheckpointError.self) {
      try read(replacing: [(key, value)])
    }
    #expect(error?.code == code)
    #expect(error?.file == "config.json")
    #expect(error?.subject?.hasPrefix(key) ?? (code == .malformed))
  }

  @Test(arguments: [
    #"["full_attention", "sliding_attention"]"#, nil,
  ])
  func `a window in use is refused`(layerTypes: String?) throws {
    let window: [(String, String?)] = [
      ("model_type", "\"qwen2\""), ("use_sliding_window", "true"), ("sliding_window", "64"),
      ("max_window_layers", "1"),
    ]
    let error = #expect(throws: CheckpointError.self) {
      try read(replacing: window + [("layer_types", layerTypes)])
    }
    #expect(error?.code == .unsupported)
    let full = [("layer_types", #"["full_attention", "full_attention"]"#)]
    #expect(try read(replacing: window + full).layers == 2)
    #expect(try read(replacing: window + [("max_window_layers", "2")]).layers == 2)
  }
}
