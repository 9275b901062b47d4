import Checkpoints
import Kernels
import TestSupport
import Testing

struct LlamaGGUFTests {
  private func model() throws -> LlamaGGUF { try LlamaGGUF(path: golden("gguf/tiny-llama.gguf")) }

  @Test func `names and values are those of the public checkpoint, to the bit`() throws {
    let model = try model()
    let values = try SafeTensorsFile(path: golden("gguf/values.safetensors"))
    #expect(model.names == values.names)
    #expect(model.names.count == 30)
    for name in values.names {
      let shape = try #require(values.info(name)).shape
      let found = try model.values(name, shape: shape).map(\.bitPattern)
      #expect(found == (try values.values(name, shape: shape).map(\.bitPattern)), "\(name)")
    }
  }

  @Test func `the configuration has the keys of a public one`() throws {
    let configuration = try model().configuration
    #expect(try configuration.string("model_type") == "llama")
    #expect(try configuration.integer("hidden_size") == 32)
    #expect(try configuration.integer("intermediate_size") == 256)
    #expect(try configuration.integer("num_hidden_layers") == 3)
    #expect(try configuration.integer("num_attention_heads") == 4)
    #expect(try configuration.integer("num_key_value_heads") == 2)
    #expect(try configuration.integer("head_dim") == 8)
    #expect(try configuration.integer("vocab_size") == 40)
    #expect(try configuration.integer("max_position_embeddings") == 128)
    #expect(try configuration.number("rms_norm_eps") == Double(Float(1e-5)))
    #expect(try configuration.number("rope_theta") == 500_000)
    #expect(try configuration.optionalObject("rope_scaling") == nil)
    #expect(try configuration.bool("tie_word_embeddings") == false)
    #expect(try configuration.integer("bos_token_id") == 31)
    #expect(try configuration.integer("eos_token_id") == 32)
  }

  @Test func `rotary divisors are the file's`() throws {
    let divisors = try #require(try model().ropeDivisors)
    #expect(divisors == FilledTensors.values(name: "rope_freqs.weight", shape: [4]))
  }

  @Test func `the tokenizer is the file's`() throws {
    let tokenizer = try model().tokenizer()
    #expect(tokenizer.model == "gpt2")
    #expect(tokenizer.preTokenizer == "llama-bpe")
    #expect(tokenizer.tokens.count == 40)
    #expect(tokenizer.tokens[26...30] == ["ab", "Ġa", "Ġ", "é", "你"])
    #expect(tokenizer.tokenTypes.prefix(32).suffix(2) == [1, 3])
    #expect(tokenizer.merges == ["a b", "Ġ a"])
    #expect(tokenizer.beginOfText == 31)
    #expect(tokenizer.endOfText == 32)
    #expect(tokenizer.addsBeginOfText == nil)
  }

  private func small(
    _ architecture: String, replacing: (key: String, value: GGUFValue)? = nil,
    tensors: [String] = []
  ) throws -> LlamaGGUF {
    let folder = try TemporaryFolder()
    var metadata: [(key: String, value: GGUFValue)] = [
      ("general.architecture", .string(architecture)),
      ("\(architecture).embedding_length", .uint32(4)),
      ("\(architecture).feed_forward_length", .uint32(4)),
      ("\(architecture).block_count", .uint32(1)),
      ("\(architecture).attention.head_count", .uint32(1)),
      ("\(architecture).attention.layer_norm_rms_epsilon", .float32(1e-6)),
    ]
    if let replacing {
      metadata.removeAll { $0.key == replacing.key }
      metadata.append(replacing)
    }
    let names = ["blk.0.attn_q.weight", "blk.0.attn_q.bias"] + tensors
    var writer = try GGUFWriter(
      path: folder.file("m"), metadata: metadata,
      tensors: names.map { name throws(CheckpointError) in
        try .init(name, type: .float32, shape: name.hasSuffix("bias") ? [4] : [4, 1])
      })
    for _ in names { try [0, 1, 2, 3 as Float].withUnsafeBytes { try writer.append($0) } }
    try writer.finish()
    return try LlamaGGUF(path: folder.file("m"))
  }

  @Test func `rows are put back in a llama and left in a qwen2`() throws {
    let name = "model.layers.0.self_attn.q_proj"
    let llama = try small("llama")
    #expect(try llama.values("\(name).weight", shape: [4, 1]) == [0, 2, 1, 3])
    #expect(try llama.values("\(name).bias", shape: [4]) == [0, 2, 1, 3])
    let qwen2 = try small("qwen2")
    #expect(try qwen2.values("\(name).weight", shape: [4, 1]) == [0, 1, 2, 3])
    #expect(try qwen2.values("\(name).bias", shape: [4]) == [0, 1, 2, 3])
    #expect(try qwen2.configuration.bool("tie_word_embeddings"))
  }

  @Test func `what no such model has is refused by name`() {
    func message(_ body: () throws -> LlamaGGUF) -> String {
      do { return "\(try body())" } catch { return "\(error)" }
    }
    #expect(message { try small("gemma") }.contains("is \"gemma\", expected llama or qwen2"))
    #expect(
      message { try small("llama", tensors: ["blk.0.ffn_gate_exps.weight"]) }
        .contains("blk.0.ffn_gate_exps.weight: is no tensor of a llama model"))
    #expect(
      message { try small("llama", tensors: ["blk.1.attn_v.weight"]) }
        .contains("blk.1.attn_v.weight: is no tensor"))
    #expect(
      message { try small("llama", replacing: ("llama.attention.head_count", .uint32(0))) }
        .contains("llama.attention.head_count: is 0, expected 1 to"))
    #expect(
      message { try small("llama", replacing: ("llama.attention.key_length", .uint32(3))) }
        .contains("expected an even number"))
    #expect(
      message { try small("llama", replacing: ("llama.attention.key_length", .uint32(8))) }
        .contains("has shape [4], expected 8 rows"))
    #expect(
      message { try small("llama", replacing: ("llama.rope.dimension_count", .uint32(2))) }
        .contains("is 2, but the head size is 4"))
    #expect(
      message { try small("llama", replacing: ("llama.rope.scaling.type", .string("yarn"))) }
        .contains("\"yarn\" is not supported"))
  }
}
