import Dataflow
import Foundation
import Testing

struct BlockIndexTests {
  @Test(arguments: [0, 1, 24, 25, 26, 7_500, 1_000_000_007])
  func `a block begins where the one before ends and holds its times`(position: Int) {
    let block = BlockIndex(position)
    #expect(block.start == .milliseconds(80 * position))
    #expect(block.end == block.next.start)
    #expect(BlockIndex(at: block.start) == block)
    #expect(BlockIndex(at: block.end - .nanoseconds(1)) == block)
    #expect(BlockIndex(at: block.end) == block.next)
  }

  @Test func `blocks are in order and can be counted`() {
    #expect(BlockIndex(3) < BlockIndex(4))
    #expect(BlockIndex(3).distance(to: BlockIndex(10)) == 7)
    #expect((BlockIndex(2)..<BlockIndex(5)).map(\.position) == [2, 3, 4])
  }

  @Test func `a negative position is no block`() {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([BlockIndex].self, from: Data("[-1]".utf8))
    }
  }
}
