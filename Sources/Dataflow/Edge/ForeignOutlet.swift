import Synchronization

/// Makes an edge that a thread outside Swift's concurrency reads.
///
/// - Parameters:
///   - type: What travels on the edge.
///   - name: The edge's name, for reports.
///   - capacity: How many items may wait before the writing stage does; at least 1.
/// - Returns: The end for the stage and the end for the foreign thread.
public func makeOutlet<Element: Sendable>(
  of type: Element.Type = Element.self, name: EdgeName, capacity: Int
) -> (writer: EdgeWriter<Element>, outlet: ForeignOutlet<Element>) {
  let storage = EdgeStorage<Element>(name: name, capacity: capacity, initial: [])
  return (EdgeWriter(storage: storage), ForeignOutlet(storage: storage))
}

/// How a thread outside Swift's concurrency takes blocks: it gets nothing rather than wait.
public final class ForeignOutlet<Element: Sendable>: Sendable {
  private let storage: EdgeStorage<Element>
  private let empty = Atomic(0)

  init(storage: EdgeStorage<Element>) {
    self.storage = storage
  }

  /// The edge itself, for the pipeline and for reports.
  public var edge: AnyEdge { AnyEdge(control: storage) }

  /// How often ``take()`` found nothing although the writer had not finished.
  public var emptyTakes: Int { empty.load(ordering: .relaxed) }

  /// Whether the writer has finished and everything was taken.
  public var isAtEnd: Bool {
    let snapshot = storage.snapshot()
    return snapshot.count == 0 && snapshot.writer != .active && snapshot.writer != .waiting
  }

  /// Takes the next item.
  ///
  /// - Returns: The item, or nil where there is none now; it does not wait for one.
  public func take() -> Element? {
    switch storage.take() {
    case .item(let item):
      return item
    case .end:
      return nil
    case .empty:
      empty.add(1, ordering: .relaxed)
      return nil
    }
  }

  /// Says that nothing more will be taken; the writer's sends return false from then on.
  public func close() { storage.close() }
}
