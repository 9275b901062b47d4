/// The tokenizer of a GGUF file, as stored.
public struct GGUFTokenizer: Sendable {
  /// The kind of tokenizer; "gpt2" is byte-level BPE.
  public let model: String
  /// The name of the rule that splits text before merging, such as "llama-bpe".
  public let preTokenizer: String?
  /// The tokens by their numbers.
  public let tokens: [String]
  /// The kind of each token, 1 normal, 3 control, 4 user-defined; empty where the file has none.
  public let tokenTypes: [Int]
  /// The merges in the order of their rank, each two pieces with a space between.
  public let merges: [String]
  /// The token that begins a text.
  public let beginOfText: Int?
  /// The token that ends a text.
  public let endOfText: Int?
  /// Whether a text is to begin with ``beginOfText``, where the file says.
  public let addsBeginOfText: Bool?

  /// Takes the tokenizer out of a file's metadata.
  ///
  /// - Throws: ``CheckpointError`` where it is missing or does not agree with itself.
  public init(_ file: GGUFFile) throws(CheckpointError) {
    let prefix = "tokenizer.ggml."
    model = try file.string(prefix + "model")
    preTokenizer = try file.optionalString(prefix + "pre")
    tokens = try file.array(prefix + "tokens").strings()
    tokenTypes = try file.optionalArray(prefix + "token_type")?.integers() ?? []
    merges = try file.optionalArray(prefix + "merges")?.strings() ?? []
    guard tokenTypes.isEmpty || tokenTypes.count == tokens.count else {
      throw file.error(
        .mismatch, prefix + "token_type",
        "has \(tokenTypes.count) elements for \(tokens.count) tokens")
    }
    let ids = 0...max(tokens.count - 1, 0)
    beginOfText = try file.optionalInteger(prefix + "bos_token_id", in: ids)
    endOfText = try file.optionalInteger(prefix + "eos_token_id", in: ids)
    addsBeginOfText = try file.optionalBool(prefix + "add_bos_token")
  }
}
