import Checkpoints

/// Text to token ids and back: byte-level byte-pair encoding.
///
/// Gives the ids that the `tokenizers` library (0.23) gives for the same `tokenizer.json`, for
/// the arrangements of Llama 3, Qwen 2 and GPT-2: added tokens are cut out first, the text between
/// them is normalized (form C, where the file asks for it), cut into pre-tokens by a pattern, and
/// each pre-token is merged from bytes. Any text can be encoded: all 256 bytes are tokens.
public struct Tokenizer: Sendable {
  /// One more than the largest id: the rows that an embedding needs at least.
  public var vocabularySize: Int { vocabulary.size }
  /// The id that ends a text, where the file says so; a `tokenizer.json` does not.
  public let endID: Int?

  let vocabulary: Vocabulary
  private let encoder: BytePairEncoder
  private let arrangement: Arrangement
  // Looked for before and after normalization.
  private var added = AddedTokens()
  private var addedNormalized = AddedTokens()
  private var special: Set<Int> = []

  /// What is done around the merges.
  struct Arrangement: Sendable {
    var pattern: PreTokenPattern
    var composes = false
    var addedTokens: [AddedToken] = []
    /// The ids that are put before and after a text on demand.
    var prefix: [Int] = []
    var suffix: [Int] = []
    var endID: Int?
  }

  /// Puts the parts together; the vocabulary holds the added tokens.
  init(
    vocabulary: Vocabulary, merges: [UInt64: BytePairEncoder.Merge], ignoresMerges: Bool,
    arrangement: Arrangement, file: String
  ) throws(CheckpointError) {
    self.vocabulary = vocabulary
    self.arrangement = arrangement
    endID = arrangement.endID
    let bytes = (0...UInt8.max).compactMap { vocabulary.id(ofBytes: [$0]) }
    guard bytes.count == 256 else {
      throw CheckpointError(
        .mismatch, file: file, reason: "has tokens for \(bytes.count) single bytes, expected 256")
    }
    encoder = BytePairEncoder(bytes: bytes, merges: merges, ignoresMerges: ignoresMerges)
    for id in arrangement.prefix + arrangement.suffix + [arrangement.endID].compactMap(\.self) {
      guard vocabulary.bytes(of: id) != nil else {
        throw CheckpointError(
          .mismatch, file: file, reason: "puts the id \(id) around a text, which no token has")
      }
    }
    for token in arrangement.addedTokens {
      guard token.content.utf8.count <= AddedToken.longest else {
        throw CheckpointError(
          .unsupported, file: file, subject: "the token \"\(token.content.excerpt)\"",
          reason: "has \(token.content.utf8.count) bytes, expected \(AddedToken.longest) at most")
      }
      add(token)
    }
  }

  private mutating func add(_ token: AddedToken) {
    if token.isSpecial { special.insert(token.id) }
    let spelling = token.spelling(composes: arrangement.composes)
    if token.isNormalized {
      addedNormalized.insert(token, spelled: spelling)
    } else {
      added.insert(token, spelled: spelling)
    }
  }
}

// MARK: - Tokens

extension Tokenizer {
  /// A token as its file spells it: bytes as printable characters ("Ġhello"), special tokens as
  /// they are; nil where no token has the id.
  public func token(for id: Int) -> String? { vocabulary.spelling(of: id) }

  /// The id of a token as its file spells it.
  public func id(of token: String) -> Int? { vocabulary.id(of: token) }

  /// Whether an id is that of a special token.
  public func isSpecial(_ id: Int) -> Bool { special.contains(id) }

  /// The bytes that a token stands for; nil where no token has the id.
  func bytes(of id: Int) -> ArraySlice<UInt8>? { vocabulary.bytes(of: id) }
}

// MARK: - Encoding and decoding

extension Tokenizer {
  /// Turns a text into ids.
  ///
  /// - Parameters:
  ///   - text: any text.
  ///   - addSpecialTokens: whether to put around it what the file asks for, as `<|begin_of_text|>`.
  ///   - parseSpecialTokens: whether special tokens written in the text become their ids; without,
  ///     they are text like any other. Text from outside should not be parsed.
  /// - Returns: the ids; none for an empty text.
  public func encode(
    _ text: String, addSpecialTokens: Bool = false, parseSpecialTokens: Bool = true
  ) -> [Int] {
    var steps = 0
    return encode(
      text, addSpecialTokens: addSpecialTokens, parseSpecialTokens: parseSpecialTokens,
      steps: &steps)
  }

  /// The text of ids; an id that no token has gives nothing.
  ///
  /// Bytes that are no UTF-8 become U+FFFD.
  public func decode(_ ids: [Int], skipSpecialTokens: Bool = false) -> String {
    var decoder = StreamingDecoder(self, skipSpecialTokens: skipSpecialTokens)
    var text = String.UnicodeScalarView()
    for id in ids { decoder.append(id, to: &text) }
    decoder.finish(to: &text)
    return String(text)
  }

  /// Encodes and counts the steps that merging took.
  package func encode(
    _ text: String, addSpecialTokens: Bool, parseSpecialTokens: Bool, steps: inout Int
  ) -> [Int] {
    var text = text
    var output = addSpecialTokens ? arrangement.prefix : []
    var workspace = MergeWorkspace()
    text.withUTF8 { text in
      for piece in added.split(text, parsesSpecial: parseSpecialTokens) {
        switch piece {
        case .token(let id): output.append(id)
        case .text(let range):
          let part = UnsafeBufferPointer(rebasing: text[range])
          normalize(part) { normalized in
            encodePieces(normalized, parseSpecialTokens, &workspace, &output)
          }
        }
      }
    }
    if addSpecialTokens { output += arrangement.suffix }
    steps = workspace.steps
    return output
  }

  /// The pre-tokens of a text without added tokens.
  package func preTokens(_ text: String) -> [String] {
    var text = text
    var result: [String] = []
    text.withUTF8 { text in
      normalize(text) { normalized in
        forEachPreToken(normalized) { result.append(String(decoding: $0, as: UTF8.self)) }
      }
    }
    return result
  }

  private func forEachPreToken(
    _ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    let scanner = PreTokenScanner(arrangement.pattern, text)
    var start = 0
    while start < text.count {
      let end = scanner.end(ofPreTokenAt: start)
      body(UnsafeBufferPointer(rebasing: text[start..<end]))
      start = end
    }
  }

  private func normalize(
    _ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    if arrangement.composes, let composed = CanonicalComposition.composed(text) {
      composed.withUnsafeBufferPointer(body)
    } else {
      body(text)
    }
  }

  private func encodePieces(
    _ text: UnsafeBufferPointer<UInt8>, _ parsesSpecial: Bool, _ workspace: inout MergeWorkspace,
    _ output: inout [Int]
  ) {
    for piece in addedNormalized.split(text, parsesSpecial: parsesSpecial) {
      switch piece {
      case .token(let id): output.append(id)
      case .text(let range):
        forEachPreToken(UnsafeBufferPointer(rebasing: text[range])) { preToken in
          encoder.encode(preToken, vocabulary: vocabulary, workspace: &workspace, to: &output)
        }
      }
    }
  }
}
