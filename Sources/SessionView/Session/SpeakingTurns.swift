package import Dataflow

/// When the assistant was speaking.
package enum SpeakingTurns {
  /// The turns in which it was, as positions of blocks, in order.
  package static func turns(_ records: [BlockRecord]) -> [Range<Int>] {
    var turns: [Range<Int>] = []
    for record in records where record.state == .speaking {
      let (start, end) = (record.block.position, record.block.next.position)
      if let last = turns.last, last.upperBound == start {
        turns[turns.count - 1] = last.lowerBound..<end
      } else {
        turns.append(start..<end)
      }
    }
    return turns
  }
}
