/// The lock around an ``EdgeState`` and the continuations of those who wait.
///
/// The lock is held for the pure step alone; continuations are resumed after it is released.
/// There is no task inside: whoever resumes a stage only puts it on the stage's executor.
@usableFromInline
final class EdgeStorage<Element: Sendable>: Sendable {
  /// How a send ended.
  @usableFromInline
  enum Delivery: Sendable {
    case taken
    case refused
    case cancelled
  }

  /// How a receive ended.
  @usableFromInline
  enum Reception: Sendable {
    case item(Element)
    case end
    case cancelled
  }

  @usableFromInline
  typealias WriterContinuation = CheckedContinuation<Delivery, Never>
  @usableFromInline
  typealias ReaderContinuation = CheckedContinuation<Reception, Never>

  /// Who is to be resumed once the lock is released, and with what.
  @usableFromInline
  struct Wakeups: Sendable {
    @usableFromInline var reader: ReaderContinuation?
    @usableFromInline var reception = Reception.end
    @usableFromInline var writer: WriterContinuation?
    @usableFromInline var delivery = Delivery.taken

    @inlinable
    init() {}

    @inlinable
    init(reader: ReaderContinuation, _ reception: Reception) {
      (self.reader, self.reception) = (reader, reception)
    }

    @inlinable
    init(writer: WriterContinuation, _ delivery: Delivery) {
      (self.writer, self.delivery) = (writer, delivery)
    }

    @inlinable
    func resume() {
      reader?.resume(returning: reception)
      writer?.resume(returning: delivery)
    }
  }

  @usableFromInline
  struct Guarded {
    @usableFromInline var state: EdgeState<Element>
    @usableFromInline var writer: WriterContinuation?
    @usableFromInline var reader: ReaderContinuation?

    @inlinable
    init(state: EdgeState<Element>) { self.state = state }

    @inlinable
    mutating func wakeReader(_ reception: Reception) -> Wakeups {
      guard let continuation = reader.take() else {
        fatalError("A waiting reader has no continuation: \(state)")
      }
      return Wakeups(reader: continuation, reception)
    }

    @inlinable
    mutating func wakeWriter(_ delivery: Delivery) -> Wakeups {
      guard let continuation = writer.take() else {
        fatalError("A waiting writer has no continuation: \(state)")
      }
      return Wakeups(writer: continuation, delivery)
    }
  }

  @usableFromInline let name: EdgeName
  @usableFromInline let guarded: Protected<Guarded>

  @inlinable
  init(name: EdgeName, capacity: Int, initial: [Element]) {
    self.name = name
    guarded = Protected(Guarded(state: EdgeState(capacity: capacity, initial: initial)))
  }

  /// Most sends find room; only one that waits pays for waiting.
  @inlinable
  func send(
    _ item: Element, isolation: isolated (any Actor)? = #isolation
  ) async -> Delivery {
    if !Task.isCancelled {
      let (isTaken, wakeups) = offer(item)
      wakeups.resume()
      if isTaken { return .taken }
    }
    return await sendOrWait(item, isolation: isolation)
  }

  /// The operation takes on the caller's isolation, so that nothing here leaves the stage's actor:
  /// each such hop would be a job more.
  @inlinable
  func sendOrWait(
    _ item: Element, isolation: isolated (any Actor)?
  ) async -> Delivery {
    await withTaskCancellationHandler {
      _ = isolation
      return await withCheckedContinuation { continuation in
        beginSend(item, continuation).resume()
      }
    } onCancel: {
      cancelWriter()
    }
  }

  @inlinable
  func beginSend(_ item: Element, _ continuation: WriterContinuation) -> Wakeups {
    guarded.withLock { guarded in
      switch guarded.state.send(item) {
      case .stored:
        return Wakeups(writer: continuation, .taken)
      case .resumeReader(let item):
        var wakeups = guarded.wakeReader(.item(item))
        wakeups.writer = continuation
        return wakeups
      case .wait:
        guarded.writer = continuation
        return Wakeups()
      case .refused:
        return Wakeups(writer: continuation, .refused)
      case .cancelled:
        return Wakeups(writer: continuation, .cancelled)
      }
    }
  }

  @inlinable
  func receive(isolation: isolated (any Actor)? = #isolation) async -> Reception {
    if !Task.isCancelled, case .item(let item) = take() { return .item(item) }
    return await receiveOrWait(isolation: isolation)
  }

  @inlinable
  func receiveOrWait(isolation: isolated (any Actor)?) async -> Reception {
    await withTaskCancellationHandler {
      _ = isolation
      return await withCheckedContinuation { continuation in
        beginReceive(continuation).resume()
      }
    } onCancel: {
      cancelReader()
    }
  }

  @inlinable
  func beginReceive(_ continuation: ReaderContinuation) -> Wakeups {
    guarded.withLock { guarded in
      switch guarded.state.receive() {
      case .item(let item):
        return Wakeups(reader: continuation, .item(item))
      case .itemAndResumeWriter(let item):
        var wakeups = guarded.wakeWriter(.taken)
        (wakeups.reader, wakeups.reception) = (continuation, .item(item))
        return wakeups
      case .wait:
        guarded.reader = continuation
        return Wakeups()
      case .end:
        return Wakeups(reader: continuation, .end)
      case .cancelled:
        return Wakeups(reader: continuation, .cancelled)
      }
    }
  }

  /// Sends without waiting; the caller resumes the wakeups when it holds no lock.
  @inlinable
  func offer(_ item: Element) -> (isTaken: Bool, wakeups: Wakeups) {
    guarded.withLock { guarded in
      switch guarded.state.offer(item) {
      case .stored: return (true, Wakeups())
      case .resumeReader(let item): return (true, guarded.wakeReader(.item(item)))
      case .dropped: return (false, Wakeups())
      }
    }
  }

  /// An answer to ``take()``.
  @usableFromInline
  enum Taking: Sendable {
    case item(Element)
    case empty
    case end
  }

  /// Receives without waiting.
  @inlinable
  func take() -> Taking {
    let (taking, wakeups) = guarded.withLock { guarded -> (Taking, Wakeups) in
      switch guarded.state.take() {
      case .item(let item): return (.item(item), Wakeups())
      case .itemAndResumeWriter(let item): return (.item(item), guarded.wakeWriter(.taken))
      case .empty: return (.empty, Wakeups())
      case .end: return (.end, Wakeups())
      }
    }
    wakeups.resume()
    return taking
  }

  @inlinable
  func cancelWriter() {
    guarded.withLock { guarded -> Wakeups in
      switch guarded.state.cancelWriter() {
      case .nothing: return Wakeups()
      case .resumeReaderWithEnd: return guarded.wakeReader(.end)
      case .resumeWriterCancelled: return guarded.wakeWriter(.cancelled)
      }
    }.resume()
  }

  @inlinable
  func cancelReader() {
    guarded.withLock { guarded -> Wakeups in
      switch guarded.state.cancelReader() {
      case .nothing: return Wakeups()
      case .resumeReaderCancelled: return guarded.wakeReader(.cancelled)
      case .resumeWriterRefused: return guarded.wakeWriter(.refused)
      }
    }.resume()
  }
}

extension EdgeStorage: EdgeControl {
  @usableFromInline
  func finish() {
    guarded.withLock { guarded -> Wakeups in
      switch guarded.state.finish() {
      case .nothing: return Wakeups()
      case .resumeReaderWithEnd: return guarded.wakeReader(.end)
      }
    }.resume()
  }

  @usableFromInline
  func close() {
    guarded.withLock { guarded -> Wakeups in
      switch guarded.state.close() {
      case .nothing: return Wakeups()
      case .resumeWriterRefused: return guarded.wakeWriter(.refused)
      }
    }.resume()
  }

  @usableFromInline
  func snapshot() -> EdgeSnapshot {
    guarded.withLock { guarded in
      EdgeSnapshot(
        name: name, count: guarded.state.items.count, capacity: guarded.state.items.capacity,
        writer: EdgeSnapshot.End(guarded.state.writer),
        reader: EdgeSnapshot.End(guarded.state.reader))
    }
  }
}

extension EdgeSnapshot.End {
  fileprivate init<Element>(_ writer: EdgeState<Element>.Writer) {
    switch writer {
    case .open: self = .active
    case .waiting: self = .waiting
    case .finished: self = .ended
    case .cancelled: self = .cancelled
    }
  }

  fileprivate init<Element>(_ reader: EdgeState<Element>.Reader) {
    switch reader {
    case .open: self = .active
    case .waiting: self = .waiting
    case .closed: self = .ended
    case .cancelled: self = .cancelled
    }
  }
}
