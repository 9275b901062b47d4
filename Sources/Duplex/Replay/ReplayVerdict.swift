public import Dataflow

/// What came of repeating a session.
public struct ReplayVerdict: Sendable {
  /// The whole blocks of the recording.
  public let recordedBlocks: Int
  /// The blocks that were repeated.
  public internal(set) var repeatedBlocks = 0
  /// Where the repetition first differs; nil where every digest repeats.
  public internal(set) var divergence: Divergence?
  /// The first block whose tokens differ; nil where the conversation is the same by its tokens.
  public internal(set) var firstOtherToken: BlockIndex?
  /// The largest difference of the probabilities of `<think>` and `<shift>`, over all blocks.
  public internal(set) var largestProbabilityDifference: Float = 0
  /// What is not as it was when the session was recorded: model files, kernels, threads.
  public let changes: [String]

  /// Whether every digest of every block repeats.
  public var repeats: Bool { divergence == nil && repeatedBlocks == recordedBlocks }

  init(recordedBlocks: Int, changes: [String]) {
    (self.recordedBlocks, self.changes) = (recordedBlocks, changes)
  }

  mutating func compare(recorded: BlockRecord, repeated: BlockRecord) {
    repeatedBlocks += 1
    if divergence == nil { divergence = Divergence(recorded: recorded, repeated: repeated) }
    if firstOtherToken == nil,
      (recorded.token, recorded.firstText) != (repeated.token, repeated.firstText)
    {
      firstOtherToken = recorded.block
    }
    largestProbabilityDifference = max(
      largestProbabilityDifference, abs(recorded.think - repeated.think),
      abs(recorded.shift - repeated.shift))
  }
}
