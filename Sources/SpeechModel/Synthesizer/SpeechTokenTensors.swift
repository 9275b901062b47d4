extension SpeechTokenConfiguration {
  /// Every tensor by its name in `llm.pt`, with its shape; the text model's own head is not used.
  package func tensorShapes(prefix: String = "") -> [String: [Int]] {
    var shapes = transformer.tensorShapes(prefix: "\(prefix)llm.model.model.")
    shapes["lm_head.weight"] = nil
    shapes["\(prefix)llm_embedding.weight"] = [2, transformer.hiddenSize]
    shapes["\(prefix)speech_embedding.weight"] = [vocabularySize, transformer.hiddenSize]
    shapes["\(prefix)llm_decoder.weight"] = [vocabularySize, transformer.hiddenSize]
    shapes["\(prefix)llm_decoder.bias"] = [vocabularySize]
    return shapes
  }
}

extension HiddenConnector {
  /// Every tensor by its name, with its shape; `input_norm.weight` and `words.weight` may come on
  /// top.
  package static func tensorShapes(
    inputs: Int, inner: Int, outputs: Int, prefix: String = "connector."
  ) -> [String: [Int]] {
    [
      "\(prefix)fc1.weight": [inner, inputs], "\(prefix)fc1.bias": [inner],
      "\(prefix)fc2.weight": [outputs, inner], "\(prefix)fc2.bias": [outputs],
      "\(prefix)norm.weight": [outputs], "\(prefix)norm.bias": [outputs],
    ]
  }
}
