import Dataflow

/// How long each stage worked on a block, in milliseconds.
struct BlockLatency: Equatable {
  /// The deadline: a block lasts as long.
  static let deadline = BlockIndex.duration.milliseconds

  /// The work of each stage, in flow order.
  let work: [Double]
  /// From the first arrival to the last output, as `BlockTimeline` counts it.
  let total: Double

  /// What the block waited between the stages.
  var waiting: Double { max(0, total - work.reduce(0, +)) }

  var isMiss: Bool { total > Self.deadline }

  /// Nil where nothing was timed.
  init?(_ timings: [StageID: StageSpan]) {
    let spans = StageID.allCases.map { timings[$0] }
    guard let first = spans.compactMap({ $0?.arrival }).min(),
      let last = spans.compactMap({ $0?.end }).max()
    else { return nil }
    work = spans.map { max(0, $0?.work.milliseconds ?? 0) }
    total = max(0, (last - first).milliseconds)
  }
}
