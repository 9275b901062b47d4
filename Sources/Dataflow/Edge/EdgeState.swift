/// What an edge holds and who waits at it: a pure machine.
///
/// Each input returns what its caller has to do, so that every case, cancellation included, is a
/// synchronous function of the ones before. ``EdgeStorage`` does what is asked.
@usableFromInline
package struct EdgeState<Element> {
  /// The writing end, with a waiting writer's item until there is room.
  @usableFromInline
  package enum Writer {
    case open
    case waiting(Element)
    case finished
    case cancelled
  }

  /// The reading end.
  @usableFromInline
  package enum Reader {
    case open
    case waiting
    case closed
    case cancelled
  }

  @usableFromInline package internal(set) var items: EdgeRing<Element>
  @usableFromInline package internal(set) var writer = Writer.open
  @usableFromInline package internal(set) var reader = Reader.open

  @inlinable
  package init(capacity: Int, initial: [Element]) {
    precondition(capacity >= 1, "An edge holds at least one item")
    precondition(
      initial.count <= capacity, "\(initial.count) initial items in an edge of \(capacity)")
    items = EdgeRing(capacity: capacity)
    for item in initial { items.append(item) }
  }
}

// MARK: Writing

extension EdgeState {
  @usableFromInline
  package enum SendAction {
    /// The item is on the edge.
    case stored
    /// A reader waits; it gets the item.
    case resumeReader(Element)
    /// There is no room; the writer waits.
    case wait
    /// The reader is gone; the item is dropped.
    case refused
    /// The writer was cancelled, now or before; the item is dropped.
    case cancelled
  }

  @inlinable
  package mutating func send(_ item: Element) -> SendAction {
    switch writer {
    case .waiting: preconditionFailure("An edge has one writer: a second send while one waits")
    case .finished: preconditionFailure("A finished edge takes no more items")
    case .cancelled: return .cancelled
    case .open: break
    }
    switch reader {
    case .closed, .cancelled:
      return .refused
    case .waiting:
      reader = .open
      return .resumeReader(item)
    case .open where items.isFull:
      writer = .waiting(item)
      return .wait
    case .open:
      items.append(item)
      return .stored
    }
  }

  @usableFromInline
  package enum OfferAction {
    case stored
    case resumeReader(Element)
    /// No room, or no reader: the item is dropped.
    case dropped
  }

  /// Sends without ever waiting.
  @inlinable
  package mutating func offer(_ item: Element) -> OfferAction {
    guard case .open = writer else { return .dropped }
    switch reader {
    case .closed, .cancelled:
      return .dropped
    case .waiting:
      reader = .open
      return .resumeReader(item)
    case .open where items.isFull:
      return .dropped
    case .open:
      items.append(item)
      return .stored
    }
  }

  @usableFromInline
  package enum FinishAction {
    case nothing
    /// A reader waits; it learns that nothing more comes.
    case resumeReaderWithEnd
  }

  /// Nothing more will be sent; what is on the edge can still be received.
  @inlinable
  package mutating func finish() -> FinishAction {
    switch writer {
    case .waiting: preconditionFailure("An edge is finished by its writer, not while it sends")
    case .finished, .cancelled: return .nothing
    case .open: break
    }
    writer = .finished
    return endReaderIfWaiting()
  }

  @usableFromInline
  package enum CancelWriterAction {
    case nothing
    case resumeReaderWithEnd
    case resumeWriterCancelled
  }

  /// The writing task was cancelled, before it waited or while it waits.
  @inlinable
  package mutating func cancelWriter() -> CancelWriterAction {
    switch writer {
    case .finished, .cancelled:
      return .nothing
    case .waiting:
      writer = .cancelled
      return .resumeWriterCancelled
    case .open:
      writer = .cancelled
      switch endReaderIfWaiting() {
      case .nothing: return .nothing
      case .resumeReaderWithEnd: return .resumeReaderWithEnd
      }
    }
  }

  @inlinable
  mutating func endReaderIfWaiting() -> FinishAction {
    guard case .waiting = reader else { return .nothing }
    reader = .open
    return .resumeReaderWithEnd
  }
}

// MARK: Reading

extension EdgeState {
  @usableFromInline
  package enum ReceiveAction {
    case item(Element)
    /// There is room again: the waiting writer's item is on the edge and the writer goes on.
    case itemAndResumeWriter(Element)
    case wait
    /// The writer is gone and nothing is left.
    case end
    case cancelled
  }

  @inlinable
  package mutating func receive() -> ReceiveAction {
    switch reader {
    case .waiting: preconditionFailure("An edge has one reader: a second receive while one waits")
    case .closed: return .end
    case .cancelled: return .cancelled
    case .open: break
    }
    switch take() {
    case .item(let item): return .item(item)
    case .itemAndResumeWriter(let item): return .itemAndResumeWriter(item)
    case .end: return .end
    case .empty:
      reader = .waiting
      return .wait
    }
  }

  @usableFromInline
  package enum TakeAction {
    case item(Element)
    case itemAndResumeWriter(Element)
    case empty
    case end
  }

  /// Receives without ever waiting.
  @inlinable
  package mutating func take() -> TakeAction {
    guard case .open = reader else { return .end }
    guard let item = items.popFirst() else {
      switch writer {
      case .open: return .empty
      case .finished, .cancelled: return .end
      case .waiting: fatalError("A writer waits at an empty edge")
      }
    }
    guard case .waiting(let next) = writer else { return .item(item) }
    items.append(next)
    writer = .open
    return .itemAndResumeWriter(item)
  }

  @usableFromInline
  package enum CloseAction {
    case nothing
    /// A writer waits; it learns that its item has no reader.
    case resumeWriterRefused
  }

  /// Nothing more will be received; what is on the edge is dropped.
  @inlinable
  package mutating func close() -> CloseAction {
    switch reader {
    case .waiting: preconditionFailure("An edge is closed by its reader, not while it receives")
    case .closed, .cancelled: return .nothing
    case .open: break
    }
    reader = .closed
    return dropItems()
  }

  @usableFromInline
  package enum CancelReaderAction {
    case nothing
    case resumeReaderCancelled
    case resumeWriterRefused
  }

  /// The reading task was cancelled, before it waited or while it waits.
  @inlinable
  package mutating func cancelReader() -> CancelReaderAction {
    switch reader {
    case .closed, .cancelled:
      return .nothing
    case .waiting:
      reader = .cancelled
      return .resumeReaderCancelled
    case .open:
      reader = .cancelled
      switch dropItems() {
      case .nothing: return .nothing
      case .resumeWriterRefused: return .resumeWriterRefused
      }
    }
  }

  @inlinable
  mutating func dropItems() -> CloseAction {
    items.removeAll()
    guard case .waiting = writer else { return .nothing }
    writer = .open
    return .resumeWriterRefused
  }
}

// MARK: Comparing

extension EdgeState.Writer: Equatable where Element: Equatable {}
extension EdgeState.SendAction: Equatable where Element: Equatable {}
extension EdgeState.OfferAction: Equatable where Element: Equatable {}
extension EdgeState.ReceiveAction: Equatable where Element: Equatable {}
extension EdgeState.TakeAction: Equatable where Element: Equatable {}
