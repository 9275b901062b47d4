public import Dataflow

/// What a session says of a block when the block is through: for views, meters, tests.
public struct BlockReport: Sendable {
  /// The line of the journal: token, probabilities, timings, digests.
  public let record: BlockRecord
  /// What happened besides in this block: drops, underruns, yields, devices.
  public let events: [JournalEvent]
  /// The level of what the microphone heard, in dB of full scale; minus infinity for silence.
  public let environmentLevel: Float
  /// The level of what the assistant put out, in dB of full scale.
  public let assistantLevel: Float
  /// What the assistant put out: 80 ms of mono samples at the model's rate.
  public let assistant: [Float]
}
