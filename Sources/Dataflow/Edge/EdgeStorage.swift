import Synchronization

/// The lock around an ``EdgeState`` and the continuations of those who wait.
///
/// The lock is held for the pure step alone; continuations are resumed after it is released.
/// There is no task inside: whoever resumes a stage only puts it on the stage's executor.
final class EdgeStorage<Element: Sendable>: Sendable {
  /// How a send ended.
  enum Delivery {
    case taken
    case refused
    case cancelled
  }

  /// How a receive ended.
  enum Reception {
    case item(Element)
    case end
    case cancelled
  }

  typealias WriterContinuation = CheckedContinuation<Delivery, Never>
  typealias ReaderContinuation = CheckedContinuation<Reception, Never>

  /// Who is to be resumed once the lock is released, and with what.
  struct Wakeups: Sendable {
    var reader: (ReaderContinuation, Reception)?
    var writer: (WriterContinuation, Delivery)?

    func resume() {
      if let (continuation, reception) = reader { continuation.resume(returning: reception) }
      if let (continuation, delivery) = writer { continuation.resume(returning: delivery) }
    }
  }

  private struct Guarded {
    var state: EdgeState<Element>
    var writer: WriterContinuation?
    var reader: ReaderContinuation?

    mutating func wakeReader(_ reception: Reception) -> Wakeups {
      guard let continuation = reader.take() else {
        fatalError("A waiting reader has no continuation: \(state)")
      }
      return Wakeups(reader: (continuation, reception))
    }

    mutating func wakeWriter(_ delivery: Delivery) -> Wakeups {
      guard let continuation = writer.take() else {
        fatalError("A waiting writer has no continuation: \(state)")
      }
      return Wakeups(writer: (continuation, delivery))
    }
  }

  let name: EdgeName
  private let guarded: Mutex<Guarded>

  init(name: EdgeName, capacity: Int, initial: [Element]) {
    self.name = name
    guarded = Mutex(Guarded(state: EdgeState(capacity: capacity, initial: initial)))
  }

  func send(_ item: Element) async -> Delivery {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        beginSend(item, continuation).resume()
      }
    } onCancel: {
      cancelWriter()
    }
  }

  private func beginSend(_ item: Element, _ continuation: WriterContinuation) -> Wakeups {
    guarded.withLock { guarded in
      switch guarded.state.send(item) {
      case .stored:
        return Wakeups(writer: (continuation, .taken))
      case .resumeReader(let item):
        var wakeups = guarded.wakeReader(.item(item))
        wakeups.writer = (continuation, .taken)
        return wakeups
      case .wait:
        guarded.writer = continuation
        return Wakeups()
      case .refused:
        return Wakeups(writer: (continuation, .refused))
      case .cancelled:
        return Wakeups(writer: (continuation, .cancelled))
      }
    }
  }

  func receive() async -> Reception {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        beginReceive(continuation).resume()
      }
    } onCancel: {
      cancelReader()
    }
  }

  private func beginReceive(_ continuation: ReaderContinuation) -> Wakeups {
    guarded.withLock { guarded in
      switch guarded.state.receive() {
      case .item(let item):
        return Wakeups(reader: (continuation, .item(item)))
      case .itemAndResumeWriter(let item):
        var wakeups = guarded.wakeWriter(.taken)
        wakeups.reader = (continuation, .item(item))
        return wakeups
      case .wait:
        guarded.reader = continuation
        return Wakeups()
      case .end:
        return Wakeups(reader: (continuation, .end))
      case .cancelled:
        return Wakeups(reader: (continuation, .cancelled))
      }
    }
  }

  /// Sends without waiting; the caller resumes the wakeups when it holds no lock.
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
  enum Taking {
    case item(Element)
    case empty
    case end
  }

  /// Receives without waiting.
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

  private func cancelWriter() {
    guarded.withLock { guarded -> Wakeups in
      switch guarded.state.cancelWriter() {
      case .nothing: return Wakeups()
      case .resumeReaderWithEnd: return guarded.wakeReader(.end)
      case .resumeWriterCancelled: return guarded.wakeWriter(.cancelled)
      }
    }.resume()
  }

  private func cancelReader() {
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
  func finish() {
    guarded.withLock { guarded -> Wakeups in
      switch guarded.state.finish() {
      case .nothing: return Wakeups()
      case .resumeReaderWithEnd: return guarded.wakeReader(.end)
      }
    }.resume()
  }

  func close() {
    guarded.withLock { guarded -> Wakeups in
      switch guarded.state.close() {
      case .nothing: return Wakeups()
      case .resumeWriterRefused: return guarded.wakeWriter(.refused)
      }
    }.resume()
  }

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
