/// Makes a bounded edge between two stages: one writer, one reader, first in, first out.
///
/// ```swift
/// let frames = makeEdge(of: Int.self, name: EdgeName("frames", from: .encoder, to: .language))
/// // in the encoder:            // in the language stage:
/// try await frames.writer.send(1)   // while let frame = try await frames.reader.receive() { … }
/// ```
///
/// - Parameters:
///   - type: What travels on the edge.
///   - name: The edge's name, for reports.
///   - capacity: How many items the edge holds before its writer waits; at least 1.
///   - initial: Items that are on the edge from the beginning: the delay of an edge that runs
///     against the flow.
/// - Returns: The two ends. Each belongs to one stage.
@inlinable
public func makeEdge<Element: Sendable>(
  of type: Element.Type = Element.self, name: EdgeName, capacity: Int = 1,
  initial: [Element] = []
) -> (writer: EdgeWriter<Element>, reader: EdgeReader<Element>) {
  let storage = EdgeStorage(name: name, capacity: capacity, initial: initial)
  return (EdgeWriter(storage: storage), EdgeReader(storage: storage))
}

/// The writing end of an edge; it belongs to one stage.
public struct EdgeWriter<Element: Sendable>: Sendable {
  @usableFromInline let storage: EdgeStorage<Element>

  @inlinable
  init(storage: EdgeStorage<Element>) { self.storage = storage }

  /// The edge itself, for the pipeline and for reports.
  public var edge: AnyEdge { AnyEdge(control: storage) }

  /// Puts an item on the edge and waits while the edge is full.
  ///
  /// - Important: One send at a time, and none after ``finish()``: both trap.
  /// - Note: A send whose task is cancelled ends this end of the edge for good; the reader gets
  ///   what is on the edge and then nil.
  /// - Parameter item: The item.
  /// - Returns: False where the reader is gone and nobody will ever get the item.
  /// - Throws: `CancellationError` where the task is cancelled; the item is dropped.
  @discardableResult
  @inlinable
  public func send(_ item: Element) async throws(CancellationError) -> Bool {
    switch await storage.send(item) {
    case .taken: true
    case .refused: false
    case .cancelled: throw CancellationError()
    }
  }

  /// Says that nothing more will be sent; the reader gets what is on the edge and then nil.
  @inlinable
  public func finish() { storage.finish() }
}

/// The reading end of an edge; it belongs to one stage.
public struct EdgeReader<Element: Sendable>: Sendable {
  @usableFromInline let storage: EdgeStorage<Element>

  @inlinable
  init(storage: EdgeStorage<Element>) { self.storage = storage }

  /// The edge itself, for the pipeline and for reports.
  public var edge: AnyEdge { AnyEdge(control: storage) }

  /// Takes the next item and waits while there is none.
  ///
  /// - Important: One receive at a time; a second one traps.
  /// - Note: A receive whose task is cancelled ends this end of the edge for good; the writer's
  ///   sends return false from then on.
  /// - Returns: The item, or nil where the writer has finished and nothing is left.
  /// - Throws: `CancellationError` where the task is cancelled.
  @inlinable
  public func receive() async throws(CancellationError) -> Element? {
    switch await storage.receive() {
    case .item(let item): item
    case .end: nil
    case .cancelled: throw CancellationError()
    }
  }

  /// Says that nothing more will be received; what is on the edge is dropped.
  @inlinable
  public func close() { storage.close() }
}
