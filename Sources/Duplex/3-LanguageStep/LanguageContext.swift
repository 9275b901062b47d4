package import Kernels
package import SpeechModel

/// A language model whose context never fills: before it does, a second one is built up from the
/// most recent blocks, a few positions in each block, and takes over when it has caught up.
///
/// When this happens depends on the number of positions alone, so that a replay repeats it. The
/// embeddings of the blocks that are kept, two caches and nothing else are held: memory is flat.
package struct LanguageContext: Sendable {
  private var live: LanguageModel
  private var spare: LanguageModel
  /// The positions of recent blocks, oldest first, from ``first`` on.
  private var recent: [Matrix] = []
  private var first = 0
  private var recentPositions = 0
  /// The positions of the block that is being stepped.
  private var block: Matrix?
  /// Blocks of ``recent`` that the spare model has still to be fed; nil while none is built.
  private var toFeed: ArraySlice<Matrix>?

  private let plan: ContextPlan

  /// - Parameters:
  ///   - model: The model, at its beginning.
  ///   - plan: When and with how much; it has no problem.
  package init(_ model: LanguageModel, plan: ContextPlan) {
    precondition(plan.problem == nil, plan.problem ?? "")
    live = model
    spare = model
    spare.reset()
    self.plan = plan
  }

  /// The input embeddings of tokens, `[tokens, hiddenSize]`.
  package func embeddings(of tokens: [Int]) -> Matrix { live.embeddings(of: tokens) }

  /// Takes the next positions of the block.
  package mutating func step(_ positions: Matrix, tapLayer: Int) throws(ContextFull)
    -> LanguageOutput
  {
    block = block?.appending(positions) ?? positions
    return try live.step(positions, tapLayer: tapLayer)
  }

  /// Ends a block: keeps its positions, and goes on with a refresh where one is due.
  ///
  /// - Returns: The number of positions of the new context, in the block where it takes over.
  package mutating func endBlock() throws(ContextFull) -> Int? {
    guard let block else { return nil }
    self.block = nil
    keep(block)
    if toFeed != nil {
      toFeed?.append(block)
    } else if live.position > plan.start {
      spare.reset()
      toFeed = recent[first...]
    }
    return try feed()
  }

  private mutating func keep(_ block: Matrix) {
    recent.append(block)
    recentPositions += block.rows
    while recentPositions - recent[first].rows >= plan.kept {
      recentPositions -= recent[first].rows
      first += 1
    }
    // The dropped blocks are let go in one piece now and then: the work for a block stays constant.
    if first >= Self.slack {
      recent.removeFirst(first)
      first = 0
    }
  }

  private mutating func feed() throws(ContextFull) -> Int? {
    guard var blocks = toFeed else { return nil }
    var positions = Matrix(rows: 0, columns: blocks.first?.columns ?? 0)
    while positions.rows < plan.perBlock, let next = blocks.popFirst() {
      positions = positions.appending(next)
    }
    if positions.rows > 0 { try spare.feed(positions) }
    guard blocks.isEmpty else {
      toFeed = blocks
      return nil
    }
    toFeed = nil
    swap(&live, &spare)
    return live.position
  }

  private static let slack = 256
}
