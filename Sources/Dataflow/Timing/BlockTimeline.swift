/// When a stage worked on a block, in time since the session began.
public struct StageSpan: Hashable, Sendable {
  /// When the stage's input was there.
  public var arrival: Duration
  /// When the stage began to work.
  public var start: Duration
  /// When its output was ready.
  public var end: Duration

  /// Makes a span.
  ///
  /// - Parameters:
  ///   - arrival: When the stage's input was there.
  ///   - start: When the stage began to work.
  ///   - end: When its output was ready.
  public init(arrival: Duration, start: Duration, end: Duration) {
    self.arrival = arrival
    self.start = start
    self.end = end
  }

  /// How long the input waited for the stage.
  public var waiting: Duration { start - arrival }

  /// How long the stage worked.
  public var work: Duration { end - start }
}

/// In JSON a span is three whole numbers of microseconds; what is below is cut off.
extension StageSpan: Codable {
  /// Reads it from its JSON form.
  ///
  /// - Parameter decoder: Where from.
  /// - Throws: `DecodingError`.
  public init(from decoder: any Decoder) throws {
    var times = try decoder.unkeyedContainer()
    arrival = .microseconds(try times.decode(Int64.self))
    start = .microseconds(try times.decode(Int64.self))
    end = .microseconds(try times.decode(Int64.self))
  }

  /// Writes its JSON form.
  ///
  /// - Parameter encoder: Where to.
  /// - Throws: `EncodingError`.
  public func encode(to encoder: any Encoder) throws {
    var times = encoder.unkeyedContainer()
    for time in [arrival, start, end] { try times.encode(time.wholeMicroseconds) }
  }
}

extension Duration {
  /// Whole microseconds, what is below cut off.
  var wholeMicroseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
  }
}

/// When each stage worked on each of the latest blocks.
///
/// The memory is taken once: an endless session keeps its last blocks.
public struct BlockTimeline: Sendable {
  private struct Row: Sendable {
    var block: BlockIndex?
    var spans: [StageSpan?]
  }

  private var rows: [Row]

  /// Makes an empty timeline.
  ///
  /// - Parameter blocks: How many of the latest blocks to keep; 7,500 are 10 minutes.
  public init(keeping blocks: Int = 7_500) {
    precondition(blocks >= 1, "A timeline keeps at least one block")
    rows = Array(
      repeating: Row(spans: Array(repeating: nil, count: StageID.allCases.count)), count: blocks)
  }

  /// Records when a stage worked on a block.
  ///
  /// A block that is older than those kept is not recorded.
  ///
  /// - Parameters:
  ///   - span: When.
  ///   - stage: The stage.
  ///   - block: The block.
  public mutating func record(_ span: StageSpan, stage: StageID, block: BlockIndex) {
    let index = block.position % rows.count
    if let held = rows[index].block, held > block { return }
    if rows[index].block != block {
      rows[index].block = block
      for stage in rows[index].spans.indices { rows[index].spans[stage] = nil }
    }
    rows[index].spans[stage.position] = span
  }

  /// When a stage worked on a block; nil where that is not known, or no longer.
  ///
  /// - Parameters:
  ///   - stage: The stage.
  ///   - block: The block.
  /// - Returns: The span.
  public func span(_ stage: StageID, _ block: BlockIndex) -> StageSpan? {
    let row = rows[block.position % rows.count]
    return row.block == block ? row.spans[stage.position] : nil
  }

  /// From the first arrival of a block at a stage to its last output.
  ///
  /// - Parameter block: The block.
  /// - Returns: The time, or nil where nothing is known of the block.
  public func latency(_ block: BlockIndex) -> Duration? {
    let spans = StageID.allCases.compactMap { span($0, block) }
    guard let first = spans.map(\.arrival).min(), let last = spans.map(\.end).max() else {
      return nil
    }
    return last - first
  }

  /// The blocks of which something is known, in order.
  public var blocks: [BlockIndex] { rows.compactMap(\.block).sorted() }
}

extension StageID {
  /// The stage's place in the flow, from 0.
  var position: Int {
    switch self {
    case .capture: 0
    case .encoder: 1
    case .language: 2
    case .synthesizer: 3
    case .playback: 4
    }
  }
}
