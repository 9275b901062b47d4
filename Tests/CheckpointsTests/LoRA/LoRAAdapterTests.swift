import Checkpoints
import TestSupport
import Testing

struct LoRAAdapterTests {
  /// An adapter of factors A `[2, 3]` and B `[4, 2]` under the given names.
  private func adapter(
    _ names: [String], configuration: String = #""r":2,"lora_alpha":4"#
  ) throws -> LoRAAdapter {
    var offset = 0
    let entries = names.map { name in
      let shape = name.contains("_B") ? "[4,2]" : "[2,3]"
      let end = offset + (name.contains("_B") ? 32 : 24)
      defer { offset = end }
      return #""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(offset),\#(end)]}"#
    }
    let header = "{\(entries.joined(separator: ","))}"
    return try LoRAAdapter(
      configuration: JSONObject(
        parsing: Array("{\"peft_type\":\"LORA\",\(configuration)}".utf8),
        file: "adapter_config.json"),
      tensors: SafeTensorsFile(
        bytes: SafeTensorsBytes.file(header, data: [UInt8](repeating: 0, count: offset)),
        name: "adapter_model.safetensors"))
  }

  private let pair = ["base_model.model.m.q.lora_A.weight", "base_model.model.m.q.lora_B.weight"]

  private func message(_ body: () throws -> some Any) -> String {
    do { return "\(try body())" } catch { return "\(error)" }
  }

  @Test(arguments: ["", "default.", "other."])
  func `factors are found with and without the adapter's name`(name: String) throws {
    let adapter = try adapter(pair.map { $0.replacing("weight", with: "\(name)weight") })
    let update = try #require(adapter.updates["m.q.weight"])
    #expect((update.rows, update.columns, update.rank) == (4, 3, 2))
    #expect(update.scale == 2)
  }

  @Test func `embeddings and transposed maps are stored the other way round`() throws {
    let embedding = try adapter([
      "base_model.model.e.lora_embedding_A", "base_model.model.e.lora_embedding_B.default",
    ])
    #expect(embedding.updates["e.weight"].map { [$0.rows, $0.columns] } == [3, 4])
    let transposed = try adapter(
      pair, configuration: #""r":2,"lora_alpha":4,"fan_in_fan_out":true"#)
    #expect(transposed.updates["m.q.weight"].map { [$0.rows, $0.columns] } == [3, 4])
  }

  @Test func `whole tensors replace the model's`() throws {
    let adapter = try adapter([
      "base_model.model.lm_head.weight",
      "base_model.model.m.norm.modules_to_save.default.weight",
      "base_model.model.m.embed.base_layer.weight",
    ])
    #expect(
      adapter.replacements.keys.sorted() == ["lm_head.weight", "m.embed.weight", "m.norm.weight"])
  }

  @Test(arguments: [
    (#""r":2"#, "adapter_config.json: lora_alpha: is missing, expected a number"),
    (#""r":0,"lora_alpha":1"#, "r: is 0, expected 1 to 1000000"),
    (#""r":3,"lora_alpha":1"#, "m.q: the factors are [4, 2] and [2, 3], but the rank is 3"),
    (#""r":2,"lora_alpha":1,"rank_pattern":{"q":5}"#, "but the rank is 5"),
    (#""r":2,"lora_alpha":1,"rank_pattern":{"q":-1}"#, "rank_pattern.q: is -1"),
    (#""r":2,"lora_alpha":1,"alpha_pattern":{"a|b":5}"#, "alpha_pattern.a|b: the regular"),
    (#""r":2,"lora_alpha":1,"bias":"all""#, "bias: is \"all\", expected \"none\""),
    (#""r":2,"lora_alpha":1,"use_dora":true"#, "use_dora: is not supported"),
    (#""r":2,"lora_alpha":1,"layer_replication":[[0,1]]"#, "layer_replication: is not supported"),
    (#""r":2,"lora_alpha":1,"init_lora_weights":"pissa_niter_4""#, "changes the base weights"),
    (#""r":2,"lora_alpha":1,"target_modules":[1]"#, "target_modules[0]: is an integer"),
    (#""r":2,"lora_alpha":1,"target_modules":{}"#, "target_modules: is an object"),
    (#""r":2,"lora_alpha":1,"modules_to_save":"x""#, "modules_to_save: is a string"),
  ])
  func `a configuration that cannot be followed is refused`(text: String, reason: String) {
    let message = message { try adapter(pair, configuration: text) }
    #expect(message.contains(reason), "\(message)")
  }

  @Test(arguments: [
    (["base_model.model.m.q.lora_A.weight"], "the other factor of the pair is missing"),
    (["base_model.model.m.q.lora_B.weight"], "the other factor of the pair is missing"),
    (["m.q.lora_A.weight"], "does not begin with base_model.model."),
    (["base_model.model.m.q.lora_magnitude_vector"], "DoRA is not supported"),
    (
      ["base_model.model.e.token_adapter.trainable_tokens_delta"],
      "trainable tokens are not supported"
    ),
    (["base_model.model.m.q.lora_A.bias"], "is no factor of plain LoRA"),
    (["base_model.model.lora_A.weight"], "is no factor of plain LoRA"),
    (
      ["base_model.model.m.q.lora_A.weight", "base_model.model.m.q.lora_A.default.weight"],
      "the module has this factor twice"
    ),
    (
      ["base_model.model.m.weight", "base_model.model.m.base_layer.weight"],
      "the tensor is replaced twice"
    ),
  ])
  func `tensors that do not fit are named`(names: [String], reason: String) {
    let message = message { try adapter(names) }
    #expect(message.hasPrefix("adapter_model.safetensors: "))
    #expect(message.contains(reason), "\(message)")
  }

  @Test func `strength follows the rank or its root`() throws {
    let plain = #""r":2,"lora_alpha":4"#
    #expect(try adapter(pair, configuration: plain).updates["m.q.weight"]?.scale == 2)
    let root = try adapter(pair, configuration: plain + #","use_rslora":true"#)
    #expect(root.updates["m.q.weight"]?.scale == Float(8).squareRoot())
    let pattern = try adapter(pair, configuration: plain + #","alpha_pattern":{"q":7}"#)
    #expect(pattern.updates["m.q.weight"]?.scale == 3.5)
  }
}
