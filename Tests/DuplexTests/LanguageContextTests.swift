import Duplex
import Kernels
import SpeechModel
import Testing

struct LanguageContextTests {
  private func embeddings(_ block: Int, rows: Int, columns: Int) -> Matrix {
    var random = SeededRandom(seed: UInt64(block) &* 31 &+ 7)
    return Matrix(
      rows: rows, columns: columns,
      values: (0..<rows * columns).map { _ in random.uniformFloat() - 0.5 })
  }

  private func plan(_ capacity: Int, kept: Double = 0.25, perBlock: Int = 16) -> ContextPlan {
    ContextPlan(capacity: capacity, kept: kept, perBlock: perBlock, blockPositions: 4)
  }

  @Test func `a refreshed context answers as one that was fed the kept blocks afresh`() throws {
    let model = try TinyModel.model { $0.language.capacity = 256 }.language
    let width = model.configuration.hiddenSize
    var context = LanguageContext(model, plan: plan(256))
    var refreshes = 0
    var blocks: [Matrix] = []
    for block in 0..<600 {
      let rows = block.isMultiple(of: 7) ? 4 : 3
      let positions = embeddings(block, rows: rows, columns: width)
      blocks.append(positions)
      let output = try context.step(positions, tapLayer: 1)
      if let fresh = try context.endBlock() {
        refreshes += 1
        // The model that goes on now holds exactly the last `fresh` positions.
        var kept: [Matrix] = []
        while kept.reduce(0, { $0 + $1.rows }) < fresh {
          kept.insert(blocks[blocks.count - 1 - kept.count], at: 0)
        }
        var other = model
        for block in kept { try other.feed(block) }
        #expect(other.position == fresh)
        let next = embeddings(10_000 + block, rows: 3, columns: width)
        var (one, two) = (context, other)
        let (a, b) = (try one.step(next, tapLayer: 1), try two.step(next, tapLayer: 1))
        let largest = zip(a.logits, b.logits).map { abs($0 - $1) }.max() ?? .infinity
        #expect(largest < 1e-4, "\(largest)")
      }
      let isFinite = output.logits.allSatisfy(\.isFinite)
      #expect(isFinite)
    }
    #expect(refreshes > 5)
  }

  @Test(arguments: [
    (128, 0.25, 16), (256, 0.5, 16), (256, 0.1, 6), (1_024, 0.7, 40), (96, 0.3, 30),
  ])
  func `the context never fills`(capacity: Int, kept: Double, perBlock: Int) throws {
    let plan = plan(capacity, kept: kept, perBlock: perBlock)
    #expect(plan.problem == nil)
    let model = try TinyModel.model { $0.language.capacity = capacity }.language
    var context = LanguageContext(model, plan: plan)
    let block = embeddings(1, rows: 4, columns: model.configuration.hiddenSize)
    for _ in 0..<2_000 {
      _ = try context.step(block, tapLayer: 1)
      _ = try context.endBlock()
    }
  }

  @Test(arguments: [(16, 0.25, 16), (256, 0.9, 16), (256, 0.25, 4), (256, 0.01, 16)])
  func `a plan that cannot work says why`(capacity: Int, kept: Double, perBlock: Int) {
    #expect(plan(capacity, kept: kept, perBlock: perBlock).problem != nil)
  }
}
