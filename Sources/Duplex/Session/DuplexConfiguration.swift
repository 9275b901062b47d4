/// What may be chosen about a session; it is written into the journal, so that a replay has it.
public struct DuplexConfiguration: Codable, Hashable, Sendable {
  /// Where every sequence of random draws starts.
  public var seed: UInt64 = 0
  /// Divides the language model's logits; 0 takes the most probable token.
  public var temperature: Float = 0
  /// The most text tokens of one answer.
  public var maximumTextTokens = 400
  /// How much sound may be made ahead of its playing, in blocks of 80 ms.
  public var maximumBlocksAhead = 25
  /// The share of the context that is kept when it is refreshed, over 0 and under 1.
  public var keptContext = 0.25
  /// The positions that a refresh feeds in each block.
  public var refreshPositionsPerBlock = 16
  /// The blocks in which the assistant starts to speak, where it listens, and no others.
  ///
  /// Answers are measured so, apart from turn-taking; nil leaves it to the model.
  public var givenStarts: [Int]?

  /// The defaults.
  public init() {}

  /// One line that says which value is out of range; nil where all are in range.
  public var problem: String? {
    if !(temperature >= 0 && temperature.isFinite) {
      return "temperature is \(temperature), expected 0 or more"
    }
    if maximumTextTokens < 1 {
      return "maximumTextTokens is \(maximumTextTokens), expected 1 or more"
    }
    // 45,000 blocks are an hour.
    if !(3...45_000).contains(maximumBlocksAhead) {
      return "maximumBlocksAhead is \(maximumBlocksAhead), expected 3 to 45000"
    }
    if !(keptContext > 0 && keptContext < 1) {
      return "keptContext is \(keptContext), expected over 0 and under 1"
    }
    if refreshPositionsPerBlock < 1 {
      return "refreshPositionsPerBlock is \(refreshPositionsPerBlock), expected 1 or more"
    }
    return nil
  }
}
