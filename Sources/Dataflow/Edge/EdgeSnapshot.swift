/// What an edge is called, and which stages are at its ends.
public struct EdgeName: Hashable, Sendable, CustomStringConvertible {
  /// What travels on the edge, in a word or two.
  public let label: String
  /// The stage that writes, where it is a stage.
  public let writer: StageID?
  /// The stage that reads, where it is a stage.
  public let reader: StageID?

  /// Names an edge.
  ///
  /// - Parameters:
  ///   - label: What travels on the edge; unique in its pipeline.
  ///   - writer: The stage that writes. The pipeline finishes the edge when that stage ends.
  ///   - reader: The stage that reads. The pipeline closes the edge when that stage ends.
  public init(_ label: String, from writer: StageID? = nil, to reader: StageID? = nil) {
    self.label = label
    self.writer = writer
    self.reader = reader
  }

  /// The label, and the stages: `frames (encoder -> language)`.
  public var description: String {
    if writer == nil && reader == nil { return label }
    return "\(label) (\(writer?.rawValue ?? "outside") -> \(reader?.rawValue ?? "outside"))"
  }
}

/// The state of an edge at one moment, for queue depths and deadlock reports.
///
/// - Important: A stage must not decide anything by a snapshot: it depends on the schedule.
public struct EdgeSnapshot: Hashable, Sendable, CustomStringConvertible {
  /// The state of one end.
  public enum End: String, Hashable, Sendable {
    /// Neither waiting nor ended.
    case active
    /// A task waits here: a writer for room, a reader for an item.
    case waiting
    /// Finished by the writer, or closed by the reader.
    case ended
    /// Its task was cancelled while it sent or received.
    case cancelled
  }

  /// The edge's name.
  public let name: EdgeName
  /// How many items are on the edge; a waiting writer's item is not among them.
  public let count: Int
  /// How many items the edge can hold.
  public let capacity: Int
  /// The writing end.
  public let writer: End
  /// The reading end.
  public let reader: End

  /// One line: `frames (encoder -> language): 0 of 2, reader waiting`.
  public var description: String {
    let ends = [("writer", writer), ("reader", reader)].filter { $0.1 != .active }
    let states = ends.map { "\($0.0) \($0.1.rawValue)" }
    return (["\(name): \(count) of \(capacity)"] + states).joined(separator: ", ")
  }
}

/// What can be done with an edge by one who does not know what travels on it.
@usableFromInline
package protocol EdgeControl: AnyObject, Sendable {
  var name: EdgeName { get }
  func snapshot() -> EdgeSnapshot
  func finish()
  func close()
}

/// An edge whose element type does not matter: for pipelines, queue depths and reports.
public struct AnyEdge: Sendable {
  package let control: any EdgeControl

  /// The edge's name.
  public var name: EdgeName { control.name }

  /// The state of the edge at this moment.
  public func snapshot() -> EdgeSnapshot { control.snapshot() }
}
