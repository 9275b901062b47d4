/// Small files that use all of a format.
enum FuzzSamples {
  static let safetensors: [UInt8] = SafeTensorsBytes.file(
    #"{"__metadata__":{"format":"pt","note":"é"},"#
      + #""a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#
      + #""b.weight":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"#
      + #""c":{"dtype":"F16","shape":[2,1,2],"data_offsets":[32,40]},"#
      + #""d":{"dtype":"I64","shape":[1],"data_offsets":[40,48]},"#
      + #""e":{"dtype":"U8","shape":[],"data_offsets":[48,49]},"#
      + #""f":{"dtype":"F32","shape":[0,7],"data_offsets":[49,49]}}   "#, dataCount: 49)

  static let quantized: [UInt8] = SafeTensorsBytes.file(
    #"{"__metadata__":{"q":"Q8_0 2 32","k":"Q4_K 1 128 2","n":"Q4_0 3 64"},"#
      + #""q":{"dtype":"U8","shape":[2,34],"data_offsets":[0,68]},"#
      + #""k":{"dtype":"U8","shape":[1,144],"data_offsets":[68,212]},"#
      + #""n":{"dtype":"U8","shape":[3,36],"data_offsets":[212,320]}}"#, dataCount: 320)

  static let index = Array(
    (#"{"metadata":{"total_size":369},"weight_map":{"a":"1.safetensors","b.weight":"#
      + #""1.safetensors","c":"1.safetensors","q":"2.safetensors","k":"2.safetensors"}}"#).utf8)

  static let tokenizer = """
    {"version":"1.0","truncation":null,"added_tokens":[{"id":9,"content":"<|end|>","special":true,
    "lstrip":false},{"id":10,"content":"\\u003cx\\ud83d\\ude00>","special":true}],"normalizer":null,
    "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":
    "\\\\p{N}{1,3}|\\\\s+"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","use_regex":
    false}]},"model":{"type":"BPE","dropout":null,"unk_token":null,"ignore_merges":true,"vocab":
    {"a":0,"b":1,"c":2,"Ġ":3,"ab":4,"Ġa":5,"é":6,"e\u{301}":7,"\\"":8,"你":11},
    "merges":["a b",["Ġ","a"],"Ġ ab"]},"scale":1.5e-3}
    """

  static let gguf: [UInt8] = {
    var file = GGUFBytes()
    let integer = { (value: UInt32) in GGUFBytes.integer(value) }
    file.key("general.architecture", type: 8, GGUFBytes.string("llama"))
    file.key("general.alignment", type: 4, integer(32))
    file.key("llama.embedding_length", type: 4, integer(32))
    file.key("llama.feed_forward_length", type: 4, integer(256))
    file.key("llama.block_count", type: 4, integer(1))
    file.key("llama.attention.head_count", type: 4, integer(4))
    file.key("llama.attention.head_count_kv", type: 4, integer(2))
    file.key(
      "llama.attention.layer_norm_rms_epsilon", type: 6, integer(Float(1e-5).bitPattern))
    file.key("tokenizer.ggml.model", type: 8, GGUFBytes.string("gpt2"))
    file.key(
      "tokenizer.ggml.tokens", type: 9,
      integer(8) + GGUFBytes.integer(UInt64(3)) + ["a", "b", "Ġ"].flatMap(GGUFBytes.string))
    file.key(
      "tokenizer.ggml.token_type", type: 9,
      integer(5) + GGUFBytes.integer(UInt64(3)) + [UInt32(1), 1, 3].flatMap(GGUFBytes.integer))
    file.key("tokenizer.ggml.bos_token_id", type: 4, integer(2))
    file.key(
      "pair", type: 9,
      integer(9) + GGUFBytes.integer(UInt64(1)) + integer(0)
        + GGUFBytes.integer(UInt64(2)) + [1, 2])
    file.key("truth", type: 7, [1])
    file.tensor("token_embd.weight", dimensions: [32, 3], type: 8, offset: 0)
    file.tensor("blk.0.attn_q.weight", dimensions: [32, 32], type: 2, offset: 128)
    file.tensor("blk.0.attn_k.weight", dimensions: [32, 16], type: 1, offset: 704)
    file.tensor("blk.0.ffn_down.weight", dimensions: [256, 2], type: 14, offset: 1728)
    file.tensor("rope_freqs.weight", dimensions: [4], type: 0, offset: 2176)
    file.data = (0..<2192).map { UInt8(truncatingIfNeeded: $0 * 11) }
    return file.bytes()
  }()
}
