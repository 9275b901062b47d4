import Dataflow

/// A session as a picture needs it: on one time axis, in seconds.
struct SessionTimeline {
  /// Seconds in a block.
  static let blockSeconds = BlockIndex.duration.seconds

  let header: JournalHeader
  let isTorn: Bool
  let environment: Waveform
  let assistant: Waveform
  let vocabulary: SpeakingTurns.Vocabulary
  /// The blocks, in order.
  let records: [BlockRecord]
  /// The latency of each record.
  let latencies: [BlockLatency?]
  let turns: [SpeakingTurns.Turn]
  /// What happened, in order.
  let marks: [EventMark]
  /// The longest of journal and recordings.
  let length: Double

  init(journal: Journal, environment: Waveform, assistant: Waveform) {
    header = journal.header
    isTorn = journal.isTorn
    (self.environment, self.assistant) = (environment, assistant)
    vocabulary = SpeakingTurns.Vocabulary(configuration: journal.header.configuration)
    records = journal.blocks
    latencies = records.map { BlockLatency($0.timings) }
    turns =
      SpeakingTurns(records, vocabulary) { block in
        let start = Double(block) * Self.blockSeconds
        let extent = assistant.extent(from: start, to: start + Self.blockSeconds)
        // Audible is what is above -50 dBFS.
        return (extent?.meanSquare ?? 0) < 1e-5
      }.turns
    marks = Self.marks(journal.events, turns)
    let blocksEnd = Double(records.last?.block.next.position ?? 0) * Self.blockSeconds
    length = max(blocksEnd, environment.seconds, assistant.seconds)
  }

  private static func marks(
    _ events: [JournalEvent], _ turns: [SpeakingTurns.Turn]
  ) -> [EventMark] {
    var marks: [EventMark] = turns.filter(\.isYield).map {
      EventMark(kind: .yield, time: Double($0.blocks.upperBound) * blockSeconds)
    }
    for event in events {
      let time = Double(event.block.position) * blockSeconds
      switch event {
      case .block, .yield, .refresh, .defects, .late: break
      case .drop(_, let count):
        marks.append(EventMark(kind: .drop, time: time, amount: count))
      case .underrun(_, let samples):
        marks.append(EventMark(kind: .underrun, time: time, amount: samples))
      case .command(_, let text):
        marks.append(EventMark(kind: .command, time: time, text: text.printable))
      case .deviceLost(_, let device):
        marks.append(EventMark(kind: .deviceLost, time: time, text: device.printable))
      case .deviceBack(_, let device):
        marks.append(EventMark(kind: .deviceBack, time: time, text: device.printable))
      case .end(_, let reason, let detail):
        let text = detail.isEmpty ? reason.rawValue : "\(reason.rawValue), \(detail)"
        marks.append(EventMark(kind: .end, time: time, text: text.printable))
      }
    }
    // A stable order: events of one block stay as they were written.
    return marks.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
      .map(\.element)
  }

  /// The positions in `records` of blocks that overlap a range of time.
  func records(in range: Range<Double>) -> Range<Int> {
    let first = records.partitioningIndex {
      Double($0.block.next.position) * Self.blockSeconds > range.lowerBound + 1e-9
    }
    let last = records.partitioningIndex {
      Double($0.block.position) * Self.blockSeconds >= range.upperBound - 1e-9
    }
    return first..<max(first, last)
  }

  /// Whether a record's token is a piece of text.
  func isText(_ record: BlockRecord) -> Bool {
    record.text != nil && record.token != vocabulary.think && record.token != vocabulary.shift
  }
}

extension Array {
  /// The position of the first element that is behind, where all behind come last.
  func partitioningIndex(_ isBehind: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
