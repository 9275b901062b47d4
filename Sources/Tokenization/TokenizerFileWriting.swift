package import Checkpoints

extension GGUFTokenizer {
  /// The tokenizer as a `tokenizer.json`, for a model that leaves its GGUF file.
  ///
  /// - Throws: ``CheckpointError`` where the rule that splits text is none of the known ones.
  package func tokenizerFile(name: String) throws(CheckpointError) -> JSONObject {
    guard let arrangement = Tokenizer.Arrangement(gguf: preTokenizer ?? "") else {
      throw CheckpointError(
        .unsupported, file: name, subject: "tokenizer.ggml.pre",
        reason: "is \(preTokenizer ?? "missing"), expected llama-bpe, qwen2 or gpt-2")
    }
    // Refuses what a vocabulary cannot be, such as a token that comes twice.
    _ = try Tokenizer(
      tokens: tokens, types: tokenTypes, merges: merges, preTokenizer: preTokenizer ?? "",
      beginID: beginOfText, endID: endOfText, name: name)
    let special = tokenTypes.indices.filter { tokenTypes[$0] == 3 || tokenTypes[$0] == 4 }
    let isAdded = Set(special)
    var vocabulary: [JSONObject.Element] = []
    for (id, token) in tokens.enumerated() where !isAdded.contains(id) {
      vocabulary.append((token, .integer(Int64(id))))
    }
    let added = special.map { id -> JSONValue in
      [
        "id": .integer(Int64(id)), "content": .string(tokens[id]), "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false,
        "special": .bool(tokenTypes[id] == 3),
      ]
    }
    let byteLevel: JSONValue = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
    ]
    let split: JSONValue = [
      "type": "Split", "pattern": ["Regex": .string(arrangement.pattern.regex)],
      "behavior": "Isolated", "invert": false,
    ]
    return JSONObject([
      ("version", "1.0"), ("added_tokens", .array(added)),
      ("normalizer", arrangement.composes ? ["type": "NFC"] : nil),
      ("pre_tokenizer", ["type": "Sequence", "pretokenizers": [split, byteLevel]]),
      ("post_processor", arrangement.pattern == .llama3 ? template : nil),
      ("decoder", byteLevel),
      (
        "model",
        [
          "type": "BPE", "byte_fallback": false,
          "ignore_merges": .bool(arrangement.pattern == .llama3),
          "vocab": .object(JSONObject(vocabulary)),
          "merges": .array(merges.map { .string($0) }),
        ]
      ),
    ])
  }

  /// Puts the token that begins a text before it.
  private var template: JSONValue {
    guard let beginOfText else { return nil }
    let token: JSONValue = .string(tokens[beginOfText])
    let entry: JSONValue = [
      "id": token, "ids": [.integer(Int64(beginOfText))], "tokens": [token],
    ]
    return [
      "type": "TemplateProcessing",
      "single": [
        ["SpecialToken": ["id": token, "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
      ],
      "pair": [],
      "special_tokens": .object(JSONObject([(tokens[beginOfText], entry)])),
    ]
  }
}
