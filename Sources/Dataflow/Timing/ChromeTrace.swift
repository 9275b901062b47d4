import FoundationEssentials

/// A timeline as a trace file that browsers and Perfetto open.
///
/// One row for each stage, a slice for each block, and markers for what went wrong.
public struct ChromeTrace: Sendable {
  private struct Event: Encodable {
    var name: String
    var ph: String
    var ts: Int64?
    var dur: Int64?
    var pid = 1
    var tid: Int?
    var s: String?
    var args: [String: JSONValue]?
  }

  private struct File: Encodable {
    var traceEvents: [Event]
    var displayTimeUnit = "ms"
  }

  private var events: [Event]

  /// Makes a trace with a row for each stage.
  public init() {
    events = StageID.allCases.map { stage in
      Event(
        name: "thread_name", ph: "M", tid: stage.position,
        args: ["name": .string(stage.rawValue)])
    }
  }

  /// Adds every span of a timeline.
  ///
  /// - Parameter timeline: The timeline.
  public mutating func add(_ timeline: BlockTimeline) {
    for block in timeline.blocks {
      for stage in StageID.allCases {
        if let span = timeline.span(stage, block) { add(span, stage: stage, block: block) }
      }
    }
  }

  /// Adds a stage's work on a block.
  ///
  /// - Parameters:
  ///   - span: When.
  ///   - stage: The stage.
  ///   - block: The block.
  public mutating func add(_ span: StageSpan, stage: StageID, block: BlockIndex) {
    events.append(
      Event(
        name: stage.rawValue, ph: "X", ts: span.start.wholeMicroseconds,
        dur: span.work.wholeMicroseconds, tid: stage.position,
        args: [
          "block": .integer(block.position),
          "waiting_us": .integer(Int(span.waiting.wholeMicroseconds)),
        ]))
  }

  /// Adds a marker in a stage's row, such as a drop or an underrun.
  ///
  /// - Parameters:
  ///   - name: What happened.
  ///   - time: When, since the session began.
  ///   - stage: Where.
  public mutating func mark(_ name: String, at time: Duration, stage: StageID) {
    events.append(
      Event(name: name, ph: "i", ts: time.wholeMicroseconds, tid: stage.position, s: "t"))
  }

  /// Adds a value to a curve, such as a queue's depth.
  ///
  /// - Parameters:
  ///   - name: The curve.
  ///   - value: Its value from this time on.
  ///   - time: When, since the session began.
  public mutating func count(_ name: String, _ value: Int, at time: Duration) {
    events.append(
      Event(name: name, ph: "C", ts: time.wholeMicroseconds, args: ["value": .integer(value)]))
  }

  /// The file's contents.
  ///
  /// - Returns: JSON in UTF-8.
  /// - Throws: `EncodingError`, where the JSON library fails.
  public func encoded() throws -> [UInt8] {
    Array(try JSONEncoder.journal.encode(File(traceEvents: events)))
  }

  /// Writes the trace into a new file.
  ///
  /// - Parameter path: Where; there must be no such file.
  /// - Throws: ``RecordingError``.
  public func write(to path: String) throws(RecordingError) {
    let bytes: [UInt8]
    do {
      bytes = try encoded()
    } catch {
      throw RecordingError(.notEncodable, path: path, detail: "\(error)")
    }
    var file = try RecordingFile(creating: path)
    try file.append(bytes)
  }
}
