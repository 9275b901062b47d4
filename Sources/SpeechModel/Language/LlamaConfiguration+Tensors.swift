extension LlamaConfiguration {
  /// Every tensor by its name in Hugging Face's files, with its shape.
  package func tensorShapes(prefix: String = "model.") -> [String: [Int]] {
    let (hidden, inner) = (hiddenSize, intermediateSize)
    var shapes = [
      "\(prefix)embed_tokens.weight": [vocabularySize, hidden],
      "\(prefix)norm.weight": [hidden],
    ]
    if !tiesEmbeddings { shapes["lm_head.weight"] = [vocabularySize, hidden] }
    for layer in 0..<layers {
      let name = "\(prefix)layers.\(layer)"
      shapes["\(name).input_layernorm.weight"] = [hidden]
      shapes["\(name).post_attention_layernorm.weight"] = [hidden]
      shapes["\(name).self_attn.q_proj.weight"] = [heads * headSize, hidden]
      shapes["\(name).self_attn.k_proj.weight"] = [keyValueWidth, hidden]
      shapes["\(name).self_attn.v_proj.weight"] = [keyValueWidth, hidden]
      shapes["\(name).self_attn.o_proj.weight"] = [hidden, heads * headSize]
      shapes["\(name).mlp.gate_proj.weight"] = [inner, hidden]
      shapes["\(name).mlp.up_proj.weight"] = [inner, hidden]
      shapes["\(name).mlp.down_proj.weight"] = [hidden, inner]
      if biases.queryKeyValue {
        shapes["\(name).self_attn.q_proj.bias"] = [heads * headSize]
        shapes["\(name).self_attn.k_proj.bias"] = [keyValueWidth]
        shapes["\(name).self_attn.v_proj.bias"] = [keyValueWidth]
      }
    }
    return shapes
  }
}
