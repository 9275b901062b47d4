import Dataflow

/// A session as a picture needs it: on one time axis, in seconds.
struct SessionTimeline {
  /// What the language model did in a block.
  enum Choice: String {
    case think, shift, text
  }

  /// Seconds in a block.
  static let blockSeconds = BlockIndex.duration.seconds

  let header: JournalHeader
  let isTorn: Bool
  let environment: Waveform
  let assistant: Waveform
  /// The blocks, in order.
  let records: [BlockRecord]
  /// What was chosen in each record.
  let choices: [Choice]
  /// The latency of each record.
  let latencies: [BlockLatency?]
  /// When the assistant was speaking, as positions of blocks.
  let turns: [Range<Int>]
  /// What happened, in order.
  let marks: [EventMark]
  /// The longest of journal and recordings.
  let length: Double

  init(journal: Journal, environment: Waveform, assistant: Waveform) {
    header = journal.header
    isTorn = journal.isTorn
    (self.environment, self.assistant) = (environment, assistant)
    records = journal.blocks
    choices = Self.choices(records, journal.header.configuration)
    latencies = records.map { BlockLatency($0.timings) }
    turns = SpeakingTurns.turns(records)
    marks = journal.events.compactMap { EventMark($0) }
    let blocksEnd = Double(records.last?.block.next.position ?? 0) * Self.blockSeconds
    length = max(blocksEnd, environment.seconds, assistant.seconds)
  }

  /// A shift changes the state; text and `<think>` keep it.
  private static func choices(_ records: [BlockRecord], _ configuration: JSONValue) -> [Choice] {
    var think: JSONValue?
    if case .object(let values) = configuration { think = values["thinkToken"] }
    var state = BlockRecord.State.listening
    return records.map { record in
      defer { state = record.state }
      if record.state != state { return .shift }
      return state == .listening || .integer(record.token) == think ? .think : .text
    }
  }

  var rates: StreamRates {
    StreamRates(environment: environment.sampleRate, assistant: assistant.sampleRate)
  }

  /// The marks of a range of time, both ends included.
  func marks(in range: Range<Double>) -> [EventMark] {
    marks.filter { range.lowerBound <= $0.time && $0.time <= range.upperBound + 1e-6 }
  }

  /// One mark for all of a kind; nil where there is none.
  func sum(of kind: EventMark.Kind) -> EventMark? {
    let marks = marks.filter { $0.kind == kind }
    return marks.first.map { first in
      marks.dropFirst().reduce(into: first) { $0.add($1) }
    }
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
