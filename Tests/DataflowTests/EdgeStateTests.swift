import Dataflow
import Testing

struct EdgeStateTests {
  private func edge(_ capacity: Int = 1, initial: [Int] = []) -> EdgeState<Int> {
    EdgeState(capacity: capacity, initial: initial)
  }

  // MARK: Sending and receiving

  @Test func `items come out in the order in which they went in`() {
    var state = edge(3)
    for item in 1...3 { #expect(state.send(item) == .stored) }
    #expect(state.receive() == .item(1))
    #expect(state.send(4) == .stored)
    for item in 2...4 { #expect(state.receive() == .item(item)) }
    #expect(state.receive() == .wait)
  }

  @Test func `initial items come first`() {
    var state = edge(2, initial: [7])
    #expect(state.send(8) == .stored)
    #expect(state.receive() == .item(7))
    #expect(state.receive() == .item(8))
  }

  @Test func `a full edge makes the writer wait until an item is taken`() {
    var state = edge(1)
    #expect(state.send(1) == .stored)
    #expect(state.send(2) == .wait)
    #expect(state.writer == .waiting(2))
    #expect(state.receive() == .itemAndResumeWriter(1))
    #expect(state.writer == .open)
    #expect(state.receive() == .item(2))
  }

  @Test func `an empty edge makes the reader wait and hands it the next item`() {
    var state = edge(1)
    #expect(state.receive() == .wait)
    #expect(state.send(5) == .resumeReader(5))
    #expect(state.reader == .open)
    #expect(state.items.count == 0)
  }

  // MARK: Finishing

  @Test func `after the finish what is left is received and then the end`() {
    var state = edge(2)
    _ = state.send(1)
    #expect(state.finish() == .nothing)
    #expect(state.receive() == .item(1))
    #expect(state.receive() == .end)
    #expect(state.receive() == .end)
  }

  @Test func `the finish ends a waiting reader once`() {
    var state = edge()
    _ = state.receive()
    #expect(state.finish() == .resumeReaderWithEnd)
    #expect(state.finish() == .nothing)
  }

  @Test func `a closed edge refuses items and frees those it held`() {
    var state = edge(2)
    _ = state.send(1)
    #expect(state.close() == .nothing)
    #expect(state.items.count == 0)
    #expect(state.send(2) == .refused)
    #expect(state.receive() == .end)
    #expect(state.close() == .nothing)
  }

  @Test func `closing tells a waiting writer`() {
    var state = edge(1)
    _ = state.send(1)
    _ = state.send(2)
    #expect(state.close() == .resumeWriterRefused)
    #expect(state.writer == .open)
    #expect(state.finish() == .nothing)
  }

  // MARK: Cancellation

  @Test func `a reader that is cancelled before it waits never waits`() {
    var state = edge(1)
    _ = state.send(1)
    #expect(state.cancelReader() == .nothing)
    #expect(state.receive() == .cancelled)
    #expect(state.send(2) == .refused)
  }

  @Test func `a reader that is cancelled while it waits is resumed once`() {
    var state = edge()
    _ = state.receive()
    #expect(state.cancelReader() == .resumeReaderCancelled)
    #expect(state.cancelReader() == .nothing)
    #expect(state.send(1) == .refused)
    #expect(state.finish() == .nothing)
  }

  @Test func `a cancelled reader frees a waiting writer`() {
    var state = edge(1)
    _ = state.send(1)
    _ = state.send(2)
    #expect(state.cancelReader() == .resumeWriterRefused)
    #expect(state.writer == .open)
  }

  @Test func `a writer that is cancelled before it sends keeps its item`() {
    var state = edge(1)
    #expect(state.cancelWriter() == .nothing)
    #expect(state.send(1) == .cancelled)
    #expect(state.receive() == .end)
  }

  @Test func `a writer that is cancelled while it waits leaves what was sent before`() {
    var state = edge(1)
    _ = state.send(1)
    _ = state.send(2)
    #expect(state.cancelWriter() == .resumeWriterCancelled)
    #expect(state.cancelWriter() == .nothing)
    #expect(state.receive() == .item(1))
    #expect(state.receive() == .end)
  }

  @Test func `a cancelled writer ends a waiting reader`() {
    var state = edge()
    _ = state.receive()
    #expect(state.cancelWriter() == .resumeReaderWithEnd)
    #expect(state.receive() == .end)
  }

  @Test func `a cancellation after the end changes nothing`() {
    var state = edge(1)
    _ = state.send(1)
    _ = state.finish()
    #expect(state.cancelWriter() == .nothing)
    #expect(state.writer == .finished)
    _ = state.close()
    #expect(state.cancelReader() == .nothing)
    #expect(state.reader == .closed)
  }

  // MARK: Never waiting

  @Test func `an offer is dropped where there is no room or no reader`() {
    var state = edge(1)
    #expect(state.offer(1) == .stored)
    #expect(state.offer(2) == .dropped)
    #expect(state.receive() == .item(1))
    #expect(state.receive() == .wait)
    #expect(state.offer(3) == .resumeReader(3))
    _ = state.close()
    #expect(state.offer(4) == .dropped)
    #expect(state.writer == .open)
  }

  @Test func `an offer after the finish is dropped`() {
    var state = edge(1)
    _ = state.finish()
    #expect(state.offer(1) == .dropped)
  }

  @Test func `taking finds an item or nothing or the end`() {
    var state = edge(1)
    #expect(state.take() == .empty)
    #expect(state.reader == .open)
    _ = state.send(1)
    _ = state.send(2)
    #expect(state.take() == .itemAndResumeWriter(1))
    _ = state.finish()
    #expect(state.take() == .item(2))
    #expect(state.take() == .end)
  }

  // MARK: All inputs

  /// Random inputs against a model that keeps lists: nothing is lost, doubled or left waiting.
  @Test(arguments: UInt64(0)..<200)
  func `random inputs lose nothing and leave nobody waiting in vain`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var state = edge(Int.random(in: 1...3, using: &random))
    var (sent, received, next) = ([Int](), [Int](), 0)
    for _ in 0..<200 {
      let (writerWaits, readerWaits) = (state.writer != .open, state.reader != .open)
      if Bool.random(using: &random), !writerWaits {
        switch state.send(next) {
        case .stored, .wait: break
        case .resumeReader(let item): received.append(item)
        case .refused, .cancelled: Issue.record("refused")
        }
        sent.append(next)
        next += 1
      } else if !readerWaits {
        switch state.receive() {
        case .item(let item), .itemAndResumeWriter(let item): received.append(item)
        case .wait: #expect(sent == received)
        case .end, .cancelled: Issue.record("ended")
        }
      }
      #expect(!(state.writer != .open && state.reader != .open), "both wait")
      #expect(received == Array(sent.prefix(received.count)))
    }
  }
}
