/// What happened in one block: one line of the journal.
public struct BlockRecord: Codable, Hashable, Sendable {
  /// A token and how probable the model found it.
  public struct Candidate: Codable, Hashable, Sendable {
    /// The token's id.
    public var token: Int
    /// Its probability.
    public var probability: Float

    /// Makes a candidate.
    ///
    /// - Parameters:
    ///   - token: The token's id.
    ///   - probability: Its probability.
    public init(token: Int, probability: Float) {
      self.token = token
      self.probability = probability
    }
  }

  /// What the assistant does.
  public enum State: String, Codable, Hashable, Sendable {
    /// It listens.
    case listening
    /// It speaks.
    case speaking
  }

  /// The block.
  public var block: BlockIndex
  /// The token that was chosen.
  public var token: Int
  /// The first text token of an answer, which comes in the same block as the change to speaking.
  public var firstText: Int?
  /// The text of this block, where there is any.
  public var text: String?
  /// What the assistant does after this block's decision.
  public var state = State.listening
  /// The most probable tokens, best first.
  public var top: [Candidate] = []
  /// The probability of going on as before.
  public var think: Float = 0
  /// The probability of changing between listening and speaking.
  public var shift: Float = 0
  /// The probability of any piece of text.
  public var speak: Float = 0
  /// When each stage worked on the block.
  public var timings: [StageID: StageSpan] = [:]
  /// How many items were on each edge, by the edge's label.
  public var queues: [String: Int] = [:]
  /// The digest of what each stage put out.
  public var digests: [StageID: BlockDigest] = [:]
  /// The sketch of what each stage put out, by which the size of a difference is estimated.
  public var sketches: [StageID: BlockSketch] = [:]

  /// Makes the record of a block; the rest is set as it becomes known.
  ///
  /// - Parameters:
  ///   - block: The block.
  ///   - token: The token that was chosen.
  ///   - text: Its text, where it is text.
  public init(block: BlockIndex, token: Int, text: String? = nil) {
    self.block = block
    self.token = token
    self.text = text
  }
}
