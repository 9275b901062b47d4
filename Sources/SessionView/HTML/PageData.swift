import Dataflow
import FoundationEssentials

/// What a page's script knows: where time is in the picture, and each block's values.
///
/// Blocks are columns of numbers: an hour has 45,000 of them.
struct PageData: Encodable {
  struct Row: Encodable {
    let start: Double
    let end: Double
    let top: Double
    let bottom: Double
  }

  let left: Double
  let right: Double
  let start: Double
  let end: Double
  let blockSeconds: Double
  let rows: [Row]
  let stages = StageID.allCases.map(\.rawValue)
  let block: [Int]
  let token: [Int]
  /// The text, or an empty one.
  let text: [String]
  /// The first text token of an answer, or -1.
  let firstText: [Int]
  /// `think`, `shift` or `text`.
  let kind: [String]
  /// Probabilities of think, shift and speak, in 1/1000.
  let probability: [[Int]]
  /// The stages' work and the whole latency in microseconds; empty where nothing was timed.
  let latency: [[Int]]
  /// First block and the one after the last of each turn of the assistant.
  let turns: [[Int]]
  /// Block time in seconds and words of each event.
  let eventTime: [Double]
  let eventText: [String]

  init(_ drawing: SessionDrawing) {
    let timeline = drawing.timeline
    (left, right) = (RowFrame.plotLeft, RowFrame.plotRight)
    (start, end) = (drawing.range.lowerBound, drawing.range.upperBound)
    blockSeconds = SessionTimeline.blockSeconds
    rows = drawing.rows.map {
      Row(start: $0.range.lowerBound, end: $0.range.upperBound, top: $0.top, bottom: $0.axis.y + 6)
    }
    let shown = timeline.records(in: drawing.range)
    let records = timeline.records[shown]
    block = records.map(\.block.position)
    token = records.map(\.token)
    text = records.map { $0.text?.printable ?? "" }
    firstText = records.map { $0.firstText ?? -1 }
    kind = timeline.choices[shown].map(\.rawValue)
    probability = records.map { record in
      [record.think, record.shift, record.speak].map { Self.whole(Double($0) * 1_000) }
    }
    latency = timeline.latencies[shown].map { latency in
      latency.map { ($0.work + [$0.total]).map { Self.whole($0 * 1_000) } } ?? []
    }
    turns = timeline.turns.map { [$0.lowerBound, $0.upperBound] }
    let marks = timeline.marks(in: drawing.range)
    eventTime = marks.map(\.time)
    eventText = marks.map { $0.label(timeline.rates) }
  }

  /// As JSON for a script element.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self).escapedForScript
  }

  private static func whole(_ value: Double) -> Int {
    value.isFinite ? Int(min(max(value, 0), 1e15).rounded()) : 0
  }
}
