/// The symbols of a pre-token as a linked list, and a heap of the merges that wait.
///
/// It is kept from one pre-token to the next, so that encoding allocates little.
struct MergeWorkspace {
  private static let none = UInt32.max
  private struct Symbol {
    var id: Int32
    var previous: Int32
    var next: Int32
    // The merge of this symbol with the next one, where there is one.
    var merged: Int32
    var rank: UInt32
  }

  private var symbols: [Symbol] = []
  // Rank in the upper half, position in the lower: the order in which merges happen. An entry
  // whose rank is no longer its symbol's is stale.
  private var heap: [UInt64] = []
  /// How many heap entries were taken since the beginning.
  private(set) var steps = 0

  /// Starts a pre-token.
  mutating func fill(_ ids: some Collection<Int32>) {
    precondition(ids.count < Int32.max)
    symbols.removeAll(keepingCapacity: true)
    heap.removeAll(keepingCapacity: true)
    for (index, id) in ids.enumerated() {
      let next = index + 1 < ids.count ? Int32(index + 1) : -1
      symbols.append(
        Symbol(id: id, previous: Int32(index - 1), next: next, merged: -1, rank: Self.none))
    }
  }

  /// The symbol at a position and the one after it.
  func pair(at position: Int) -> (Int32, Int32)? {
    let symbol = symbols[position]
    return symbol.next < 0 ? nil : (symbol.id, symbols[Int(symbol.next)].id)
  }

  /// Notes what the pair that begins at a position merges to.
  mutating func setMerge(_ merge: BytePairEncoder.Merge?, at position: Int) {
    guard let merge else { return }
    symbols[position].rank = merge.rank
    symbols[position].merged = merge.id
    push(UInt64(merge.rank) << 32 | UInt64(position))
  }

  /// The position of the next merge; nil where none is left.
  mutating func popLowest() -> Int? {
    while let entry = pop() {
      steps += 1
      let position = Int(entry & 0xFFFF_FFFF)
      if symbols[position].rank == UInt32(entry >> 32) { return position }
    }
    return nil
  }

  /// Merges the symbol at a position with the next one; gives the position before, where one is.
  mutating func merge(_ position: Int) -> Int? {
    let next = Int(symbols[position].next)
    symbols[position].id = symbols[position].merged
    symbols[position].rank = Self.none
    symbols[position].next = symbols[next].next
    symbols[next].rank = Self.none
    let (after, before) = (Int(symbols[next].next), Int(symbols[position].previous))
    if after >= 0 { symbols[after].previous = Int32(position) }
    guard before >= 0 else { return nil }
    symbols[before].rank = Self.none
    return before
  }

  /// Appends the ids that are left.
  func appendIDs(to output: inout [Int]) {
    var position = 0
    while position >= 0 {
      output.append(Int(symbols[position].id))
      position = Int(symbols[position].next)
    }
  }

  private mutating func push(_ entry: UInt64) {
    heap.append(entry)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entry < heap[parent] else { break }
      heap[child] = heap[parent]
      child = parent
    }
    heap[child] = entry
  }

  private mutating func pop() -> UInt64? {
    guard let top = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return top }
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      guard heap[child] < last else { break }
      heap[parent] = heap[child]
      parent = child
    }
    heap[parent] = last
    return top
  }
}
