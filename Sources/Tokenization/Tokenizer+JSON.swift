public import Checkpoints

extension Tokenizer {
  /// Opens a `tokenizer.json` of Hugging Face's `tokenizers`.
  ///
  /// - Throws: `CheckpointError` that names the file and the key, where the file is broken or
  ///   asks for something else than the arrangements of Llama 3, Qwen 2 and GPT-2. What the file
  ///   says on truncation and padding is not used.
  public init(path: String) throws(CheckpointError) {
    try self.init(JSONObject(contentsOfFile: path), file: path)
  }

  /// Reads a `tokenizer.json` in memory; `name` stands for it in errors.
  public init(json bytes: [UInt8], name: String) throws(CheckpointError) {
    try self.init(JSONObject(parsing: bytes, file: name), file: name)
  }

  private init(_ root: JSONObject, file: String) throws(CheckpointError) {
    let model = try root.object("model")
    try TokenizerFile.checkModel(model)
    let added = try TokenizerFile.addedTokens(root)
    let composes = try TokenizerFile.composes(root)
    let vocabulary = try TokenizerFile.vocabulary(
      model, added: added.map { ($0.spelling(composes: composes), $0.id) }, file: file)
    let merges = try TokenizerFile.merges(model, vocabulary, file: file)
    let around = try TokenizerFile.template(root)
    try TokenizerFile.checkDecoder(root)
    let arrangement = Arrangement(
      pattern: try TokenizerFile.pattern(root), composes: composes, addedTokens: added,
      prefix: around.prefix, suffix: around.suffix)
    try self.init(
      vocabulary: vocabulary, merges: merges,
      ignoresMerges: try model.optionalBool("ignore_merges") ?? false, arrangement: arrangement,
      file: file)
  }
}

/// Reads the parts of a `tokenizer.json`.
private enum TokenizerFile {
  static let ids = 0...Vocabulary.maximumSize - 1

  /// The kind of a part, where it is one of those expected.
  @discardableResult
  static func type(
    of part: JSONObject, expected: String...
  ) throws(CheckpointError) -> String {
    let type = try part.string("type")
    guard expected.contains(type) else {
      throw unsupported(part, "type", type, expected.joined(separator: " or "))
    }
    return type
  }

  private static func unsupported(
    _ part: JSONObject, _ key: String, _ found: String, _ expected: String
  ) -> CheckpointError {
    part.error(.unsupported, key, reason: "is \(found.excerpt), expected \(expected)")
  }

  /// Refuses what would change the ids and is not done here.
  static func checkModel(_ model: JSONObject) throws(CheckpointError) {
    try type(of: model, expected: "BPE")
    if try model.optionalBool("byte_fallback") == true {
      throw unsupported(model, "byte_fallback", "true", "false")
    }
    if let dropout = try model.optionalNumber("dropout"), dropout != 0 {
      throw unsupported(model, "dropout", "\(dropout)", "none")
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let affix = try model.optionalString(key), !affix.isEmpty {
        throw unsupported(model, key, "\"\(affix)\"", "none")
      }
    }
  }

  static func vocabulary(
    _ model: JSONObject, added: [(spelling: String, id: Int)], file: String
  ) throws(CheckpointError) -> Vocabulary {
    let vocab = try model.object("vocab")
    var tokens: [(spelling: String, id: Int)] = []
    tokens.reserveCapacity(vocab.count + added.count)
    for (spelling, value) in vocab {
      guard let id = value.integerValue, ids.contains(id) else {
        throw vocab.error(
          .mismatch, spelling,
          reason: "has no id from \(ids.lowerBound) to \(ids.upperBound)")
      }
      tokens.append((spelling, id))
    }
    tokens += added
    var vocabulary = Vocabulary(size: (tokens.map(\.id).max() ?? -1) + 1, file: file)
    for (spelling, id) in tokens { try vocabulary.insert(spelling, id: id) }
    return vocabulary
  }

  static func merges(
    _ model: JSONObject, _ vocabulary: Vocabulary, file: String
  ) throws(CheckpointError) -> [UInt64: BytePairEncoder.Merge] {
    let list = try model.array("merges")
    var reader = MergeReader(vocabulary, count: list.count, file: file, subject: "model.merges")
    for (index, value) in list.enumerated() {
      if let line = value.stringValue {
        try reader.append(line)
      } else if let pair = value.arrayValue, pair.count == 2, let left = pair[0].stringValue,
        let right = pair[1].stringValue
      {
        try reader.append(left, right)
      } else {
        throw model.error(
          .mismatch, "merges[\(index)]", reason: "is neither a string nor two strings")
      }
    }
    return reader.merges
  }

  static func addedTokens(_ root: JSONObject) throws(CheckpointError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    for entry in try root.optionalObjects("added_tokens") ?? [] {
      let content = try entry.string("content")
      // The library passes over these too.
      guard !content.isEmpty else { continue }
      let isSpecial = try entry.optionalBool("special") ?? false
      tokens.append(
        AddedToken(
          content: content, id: try entry.integer("id", in: ids), isSpecial: isSpecial,
          stripsLeft: try entry.optionalBool("lstrip") ?? false,
          stripsRight: try entry.optionalBool("rstrip") ?? false,
          isSingleWord: try entry.optionalBool("single_word") ?? false,
          isNormalized: try entry.optionalBool("normalized") ?? !isSpecial))
    }
    return tokens
  }

  /// Whether the text is brought to normalization form C.
  static func composes(_ root: JSONObject) throws(CheckpointError) -> Bool {
    guard let normalizer = try root.optionalObject("normalizer") else { return false }
    if try type(of: normalizer, expected: "NFC", "Sequence") == "NFC" { return true }
    let parts = try normalizer.objects("normalizers")
    for part in parts { try type(of: part, expected: "NFC") }
    return !parts.isEmpty
  }

  static func pattern(_ root: JSONObject) throws(CheckpointError) -> PreTokenPattern {
    let whole = try root.object("pre_tokenizer")
    let isSequence = try type(of: whole, expected: "Sequence", "ByteLevel") == "Sequence"
    let parts = isSequence ? try whole.objects("pretokenizers") : [whole]
    guard let last = parts.last, parts.count <= 2 else {
      throw unsupported(
        whole, "pretokenizers", "\(parts.count) parts", "a Split and a ByteLevel")
    }
    try type(of: last, expected: "ByteLevel")
    if try last.optionalBool("add_prefix_space") ?? true {
      throw unsupported(last, "add_prefix_space", "true", "false")
    }
    let usesOwn = try last.optionalBool("use_regex") ?? true
    guard parts.count == 2 else {
      guard usesOwn else { throw unsupported(last, "use_regex", "false", "true without a Split") }
      return .gpt2
    }
    guard !usesOwn else { throw unsupported(last, "use_regex", "true", "false after a Split") }
    return try splitPattern(parts[0])
  }

  private static func splitPattern(_ split: JSONObject) throws(CheckpointError) -> PreTokenPattern {
    try type(of: split, expected: "Split")
    let behavior = try split.string("behavior")
    guard behavior == "Isolated" else {
      throw unsupported(split, "behavior", behavior, "Isolated")
    }
    if try split.optionalBool("invert") ?? false {
      throw unsupported(split, "invert", "true", "false")
    }
    let regex = try split.object("pattern").string("Regex")
    guard let pattern = PreTokenPattern(regex: regex) else {
      throw unsupported(
        split, "pattern", "\"\(regex)\"", "the pattern of Llama 3, Qwen 2 or GPT-2")
    }
    return pattern
  }

  static func checkDecoder(_ root: JSONObject) throws(CheckpointError) {
    try type(of: try root.object("decoder"), expected: "ByteLevel")
  }

  /// The ids that go before and after a text.
  static func template(
    _ root: JSONObject
  ) throws(CheckpointError) -> (prefix: [Int], suffix: [Int]) {
    guard let whole = try root.optionalObject("post_processor") else { return ([], []) }
    let kind = try type(of: whole, expected: "Sequence", "TemplateProcessing", "ByteLevel")
    let parts = kind == "Sequence" ? try whole.objects("processors") : [whole]
    var template: JSONObject?
    for part in parts {
      // ByteLevel only moves offsets.
      guard try type(of: part, expected: "TemplateProcessing", "ByteLevel") != "ByteLevel" else {
        continue
      }
      guard template == nil else {
        throw unsupported(whole, "processors", "two templates", "one")
      }
      template = part
    }
    return try template.map { part throws(CheckpointError) in try around(part) } ?? ([], [])
  }

  private static func around(
    _ template: JSONObject
  ) throws(CheckpointError) -> (prefix: [Int], suffix: [Int]) {
    let tokens = try template.object("special_tokens")
    var (before, after, sequences): ([Int], [Int], Int) = ([], [], 0)
    for item in try template.objects("single") {
      if try item.optionalObject("Sequence") != nil {
        sequences += 1
        continue
      }
      let name = try item.object("SpecialToken").string("id")
      let added = try tokens.object(name).integers("ids", in: ids)
      if sequences == 0 { before += added } else { after += added }
    }
    guard sequences == 1 else {
      throw unsupported(template, "single", "a template of \(sequences) sequences", "one")
    }
    return (before, after)
  }
}
