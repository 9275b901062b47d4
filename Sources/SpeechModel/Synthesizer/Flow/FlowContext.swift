/// Which positions a chunk sees, and where they lie in the caches, at one of the two rates.
///
/// All caches of a rate are laid out alike. The pinned rows come first: the chunks of the prompt
/// that were computed at load. Then the recent rows: the other chunks that hold a part of the
/// prompt, which stay, and after them either everything or a ring of `leftContext + 1` chunks.
package struct FlowContext: Sendable {
  /// Positions per mask chunk.
  private let chunk: Int
  /// The chunks before its own that a position sees; nil for all.
  private let leftContext: Int?
  /// The positions of the prompt: always seen.
  private let prompt: Int
  /// The pinned positions: whole chunks.
  package private(set) var pinned = 0
  /// The next position: the start of a chunk.
  package private(set) var position = 0

  /// Starts a sequence.
  package init(chunk: Int, leftContext: Int?, prompt: Int) {
    self.chunk = chunk
    self.leftContext = leftContext
    self.prompt = prompt
  }

  /// Pins all positions so far, which must belong to the prompt.
  package mutating func pin() {
    precondition(position <= prompt && pinned == 0)
    pinned = position
  }

  /// Takes the next chunk, of which only the last one of a sequence may be shorter.
  package mutating func advance(rows: Int) -> FlowSpan {
    precondition(position % chunk == 0 && rows > 0 && rows <= chunk)
    defer { position += rows }
    guard let leftContext else { return unbounded(rows: rows) }
    let promptEnd = max(pinned, (prompt + chunk - 1) / chunk * chunk)
    guard position >= promptEnd else { return unbounded(rows: rows) }
    return bounded(rows: rows, leftContext: leftContext, promptEnd: promptEnd)
  }

  /// A chunk that sees everything before it.
  private func unbounded(rows: Int) -> FlowSpan {
    let slot = position - pinned
    return FlowSpan(
      position: position, rows: rows, slot: slot, pinned: pinned,
      recent: [FlowSegment(rows: 0..<slot + rows, position: pinned)])
  }

  /// A chunk that sees the prompt and the chunks in the ring.
  private func bounded(rows: Int, leftContext: Int, promptEnd: Int) -> FlowSpan {
    let (current, first) = (position / chunk, promptEnd / chunk)
    let slots = leftContext + 1
    let ring = promptEnd - pinned
    func row(of index: Int) -> Int { ring + (index - first) % slots * chunk }

    // Of the last chunk that holds a part of the prompt, the rest goes out of sight.
    let isPromptChunkSeen = first - 1 >= current - leftContext
    let kept = isPromptChunkSeen ? ring : max(0, prompt - pinned)
    let oldest = max(first, current - leftContext)
    let slot = row(of: current)
    var recent = [FlowSegment(rows: 0..<kept, position: pinned)]
    if row(of: oldest) <= slot {
      recent.append(FlowSegment(rows: row(of: oldest)..<slot + rows, position: oldest * chunk))
    } else {
      recent.append(
        FlowSegment(rows: row(of: oldest)..<ring + slots * chunk, position: oldest * chunk))
      recent.append(
        FlowSegment(rows: ring..<slot + rows, position: position - (slot - ring)))
    }
    return FlowSpan(
      position: position, rows: rows, slot: slot, pinned: pinned,
      recent: recent.filter { !$0.rows.isEmpty })
  }
}

/// Cached rows of successive positions.
package struct FlowSegment: Sendable, Equatable {
  /// The rows in the cache.
  package let rows: Range<Int>
  /// The position of the first row.
  package let position: Int
}

/// One chunk's queries and the keys that they see.
package struct FlowSpan: Sendable {
  /// The position of the first query.
  package let position: Int
  /// The number of queries.
  package let rows: Int
  /// The recent row where the chunk's own first key goes.
  package let slot: Int
  /// The number of pinned rows, whose positions count from 0; all are seen.
  package let pinned: Int
  /// The recent rows that are seen.
  package let recent: [FlowSegment]
  /// The recent rows that are seen, in as few ranges as possible and in the order of memory.
  package let recentRows: [Range<Int>]

  init(position: Int, rows: Int, slot: Int, pinned: Int, recent: [FlowSegment]) {
    self.position = position
    self.rows = rows
    self.slot = slot
    self.pinned = pinned
    self.recent = recent
    var merged: [Range<Int>] = []
    for range in recent.map(\.rows).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, last.upperBound == range.lowerBound {
        merged[merged.count - 1] = last.lowerBound..<range.upperBound
      } else {
        merged.append(range)
      }
    }
    recentRows = merged
  }
}
