public import Checkpoints

extension Tokenizer {
  /// Takes the arrays of a GGUF file whose `tokenizer.ggml.model` is "gpt2".
  ///
  /// - Parameters:
  ///   - tokens: `tokens`; the id is the position.
  ///   - types: `token_type`: 3 is special, 4 is added by a user; both are cut out of text. Empty
  ///     where the file has none.
  ///   - merges: `merges`, two tokens with a space between them each.
  ///   - preTokenizer: `pre`: "llama-bpe" (a text gets `beginID` on demand), "qwen2" (the text is
  ///     normalized to form C) or "gpt-2".
  ///   - beginID: `bos_token_id`.
  ///   - endID: `eos_token_id`.
  ///   - name: stands for the file in errors.
  /// - Throws: `CheckpointError` that names the key.
  public init(
    tokens: [String], types: [Int], merges: [String], preTokenizer: String, beginID: Int?,
    endID: Int?, name: String
  ) throws(CheckpointError) {
    func error(_ key: String, _ reason: String) -> CheckpointError {
      CheckpointError(.mismatch, file: name, subject: "tokenizer.ggml.\(key)", reason: reason)
    }
    guard let arrangement = Arrangement(gguf: preTokenizer) else {
      throw CheckpointError(
        .unsupported, file: name, subject: "tokenizer.ggml.pre",
        reason: "is \(preTokenizer.excerpt), expected llama-bpe, qwen2 or gpt-2")
    }
    guard tokens.count <= Vocabulary.maximumSize else {
      throw error(
        "tokens", "has \(tokens.count) tokens, expected \(Vocabulary.maximumSize) at most")
    }
    guard types.isEmpty || types.count == tokens.count else {
      throw error("token_type", "has \(types.count) types, expected \(tokens.count)")
    }
    var vocabulary = Vocabulary(size: tokens.count, file: name)
    for (id, token) in tokens.enumerated() { try vocabulary.insert(token, id: id) }
    var reader = MergeReader(
      vocabulary, count: merges.count, file: name, subject: "tokenizer.ggml.merges")
    for merge in merges { try reader.append(merge) }

    var complete = arrangement
    complete.addedTokens = types.indices.compactMap { id in
      guard types[id] == 3 || types[id] == 4, !tokens[id].isEmpty else { return nil }
      return AddedToken(content: tokens[id], id: id, isSpecial: types[id] == 3)
    }
    if arrangement.pattern == .llama3 { complete.prefix = [beginID].compactMap(\.self) }
    complete.endID = endID
    try self.init(
      vocabulary: vocabulary, merges: reader.merges,
      ignoresMerges: arrangement.pattern == .llama3, arrangement: complete, file: name)
  }
}

extension Tokenizer.Arrangement {
  /// The arrangement that GGUF calls so.
  init?(gguf name: String) {
    switch name {
    case "llama-bpe": self.init(pattern: .llama3)
    case "qwen2": self.init(pattern: .qwen2, composes: true)
    case "gpt-2": self.init(pattern: .gpt2)
    default: return nil
    }
  }
}
