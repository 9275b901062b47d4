import AudioIO
public import Dataflow

/// What a session amounted to.
public struct SessionSummary: Sendable {
  /// Blocks of 80 ms that went through all stages.
  public private(set) var blocks = 0
  /// Blocks of input that were lost because the stages were late.
  public private(set) var droppedBlocks = 0
  /// Samples of silence inside of answers, because they were not made in time.
  public private(set) var underrunSamples = 0
  /// Samples of silence that the device played because no block was there.
  public private(set) var deviceUnderrunSamples = 0
  /// Samples that were thrown away to get the device back to the wanted delay.
  public private(set) var deviceDroppedSamples = 0
  /// How often the assistant stopped because somebody spoke, with sound still to play.
  public private(set) var yields = 0
  /// How often the language model's context was refreshed.
  public private(set) var refreshes = 0
  /// How long each stage worked on a block.
  public private(set) var work: [StageID: LatencyHistogram] = Dictionary(
    uniqueKeysWithValues: StageID.allCases.map { ($0, LatencyHistogram()) })
  /// From a block's arrival at capture to its sound being with the device; the deadline is 80 ms.
  public private(set) var latency = LatencyHistogram()

  /// A summary of nothing.
  public init() {}

  mutating func note(_ trace: BlockTrace) {
    blocks += 1
    for (stage, span) in trace.record.timings { work[stage]?.record(span.work) }
    if let first = trace.record.timings[.capture], let last = trace.record.timings[.playback] {
      latency.record(last.end - first.arrival)
    }
    for event in trace.events {
      switch event {
      case .drop(_, let count): droppedBlocks += count
      case .underrun(_, let samples): underrunSamples += samples
      case .late(_, let underrun, let dropped):
        deviceUnderrunSamples += underrun
        deviceDroppedSamples += dropped
      case .yield: yields += 1
      case .refresh: refreshes += 1
      case .block, .defects, .command, .deviceLost, .deviceBack, .end: break
      }
    }
  }

  mutating func note(_ report: SinkReport) {
    deviceUnderrunSamples += report.underrunSamples
    deviceDroppedSamples += report.droppedSamples
  }
}
