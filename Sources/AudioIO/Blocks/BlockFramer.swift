/// Cuts samples that come in pieces of any size into blocks of one size.
struct BlockFramer<Sample: Sendable>: Sendable {
  /// How many samples a block holds.
  let size: Int
  private var waiting: [Sample] = []
  private var start = 0

  init(size: Int) {
    precondition(size > 0, "A block is not empty")
    self.size = size
  }

  /// How many samples wait for their block to become whole.
  var count: Int { waiting.count - start }

  mutating func append(_ samples: some Sequence<Sample>) {
    waiting.append(contentsOf: samples)
  }

  /// The next whole block.
  mutating func next() -> [Sample]? {
    guard count >= size else { return nil }
    return take(size)
  }

  /// What is left, less than a block.
  mutating func rest() -> [Sample] { take(min(count, size)) }

  private mutating func take(_ count: Int) -> [Sample] {
    let block = Array(waiting[start..<(start + count)])
    start += count
    // Moved down only where much is used up, so that a sample is moved about once.
    if start >= waiting.count - start {
      waiting.removeSubrange(..<start)
      start = 0
    }
    return block
  }
}
