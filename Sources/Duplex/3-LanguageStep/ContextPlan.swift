/// When the context of the language model is refreshed, and with how much: numbers only.
package struct ContextPlan: Hashable, Sendable {
  /// The positions that the model can hold.
  package let capacity: Int
  /// The positions that are kept, about.
  package let kept: Int
  /// The positions that the second context is fed in each block, at least.
  package let perBlock: Int
  /// The most positions that a block has: both streams, the fed token, and `<shift>`.
  package let blockPositions: Int

  /// Plans for a context of so many positions, of which the share `kept` is kept.
  package init(capacity: Int, kept: Double, perBlock: Int, blockPositions: Int) {
    self.capacity = capacity
    self.kept = Int(kept * Double(capacity))
    self.perBlock = perBlock
    self.blockPositions = blockPositions
  }

  /// The position after which the second context is begun.
  ///
  /// It has then caught up before the first one is full. The catch-up gains `perBlock - blockPositions` positions in a block, and both the
  /// block in which it begins and the one in which it ends are begun ones.
  package var start: Int {
    let blocks = (kept + blockPositions) / max(perBlock - blockPositions, 1) + 2
    return capacity - (blocks + 1) * blockPositions
  }

  /// Why it cannot work, and what helps; nil where it can.
  package var problem: String? {
    if perBlock <= blockPositions {
      return "refreshPositionsPerBlock is \(perBlock); a block alone has \(blockPositions)"
    }
    if kept < blockPositions {
      return "\(kept) positions of a context of \(capacity) are less than a block's "
        + "\(blockPositions); choose a larger keptContext"
    }
    if start <= kept + blockPositions {
      return "a context of \(capacity) positions cannot be refreshed with \(kept) of them; "
        + "choose a smaller keptContext or more refreshPositionsPerBlock"
    }
    return nil
  }
}
