/// An item that came from outside, with what was lost just before it.
public struct Arrival<Element: Sendable>: Sendable {
  /// The item.
  public let element: Element
  /// How many items were dropped between the one before and this one.
  public let droppedBefore: Int
}

/// Makes an edge that a thread outside Swift's concurrency writes.
///
/// - Parameters:
///   - type: What travels on the edge.
///   - name: The edge's name, for reports.
///   - capacity: How many items may wait before new ones are dropped; at least 1.
/// - Returns: The end for the foreign thread and the end for the stage.
public func makeInlet<Element: Sendable>(
  of type: Element.Type = Element.self, name: EdgeName, capacity: Int
) -> (inlet: ForeignInlet<Element>, reader: EdgeReader<Arrival<Element>>) {
  let storage = EdgeStorage<Arrival<Element>>(name: name, capacity: capacity, initial: [])
  return (ForeignInlet(storage: storage), EdgeReader(storage: storage))
}

/// How a thread outside Swift's concurrency, such as a sound server's callback, puts blocks in.
///
/// ``put(_:)`` never waits for the reader and starts no task: it moves the item into a slot that
/// exists, or counts it as dropped. The only lock is held for that move. Dropped items are told
/// to the reader in order, as ``Arrival/droppedBefore``, so that it can say at which block.
///
/// - Note: Several threads may put; the counts stay exact.
public final class ForeignInlet<Element: Sendable>: Sendable {
  /// How many items went which way.
  public struct Counts: Hashable, Sendable {
    /// Items that the reader got or will get.
    public fileprivate(set) var accepted = 0
    /// Items that found no room, or no reader.
    public fileprivate(set) var dropped = 0
    fileprivate var droppedSinceAccepted = 0
  }

  private let storage: EdgeStorage<Arrival<Element>>
  private let guarded = Protected(Counts())

  init(storage: EdgeStorage<Arrival<Element>>) {
    self.storage = storage
  }

  /// The edge itself, for the pipeline and for reports.
  public var edge: AnyEdge { AnyEdge(control: storage) }

  /// How many items went which way so far.
  public var counts: Counts { guarded.withLock { $0 } }

  /// Puts an item in, or drops and counts it where there is no room.
  ///
  /// - Parameter element: The item.
  /// - Returns: Whether the reader gets it.
  @discardableResult
  public func put(_ element: Element) -> Bool {
    let (isTaken, wakeups) = guarded.withLock { counts in
      let arrival = Arrival(element: element, droppedBefore: counts.droppedSinceAccepted)
      let outcome = storage.offer(arrival)
      if outcome.isTaken {
        counts.accepted += 1
        counts.droppedSinceAccepted = 0
      } else {
        counts.dropped += 1
        counts.droppedSinceAccepted += 1
      }
      return outcome
    }
    wakeups.resume()
    return isTaken
  }

  /// Says that nothing more will come; the reader gets what is there and then nil.
  public func finish() { storage.finish() }
}
