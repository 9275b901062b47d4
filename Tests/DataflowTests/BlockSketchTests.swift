import Dataflow
import Foundation
import Testing

struct BlockSketchTests {
  private func noise(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5])
  func `the size of a difference is estimated within a factor of four`(seed: UInt64) {
    let values = noise(1_280, seed: seed)
    let change = noise(1_280, seed: seed + 100).map { $0 * 1e-3 }
    let changed = zip(values, change).map { $0 + $1 }
    let norm = change.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
    let found = BlockSketch(of: values).difference(from: BlockSketch(of: changed))
    #expect(found > norm / 4 && found < norm * 4, "\(found) for \(norm)")
  }

  @Test(arguments: [0, 640, 1_279])
  func `one sample that differs by one step of sixteen bits is seen`(index: Int) {
    let values = noise(1_280, seed: 7)
    var changed = values
    changed[index] += 1 / 32_768
    let found = BlockSketch(of: values).difference(from: BlockSketch(of: changed))
    #expect(abs(found - 1 / 32_768) < 4e-6, "\(found)")
  }

  @Test func `equal outputs have equal sketches, through JSON as well`() throws {
    let sketch = BlockSketch(of: noise(100, seed: 9))
    let data = try JSONEncoder().encode(sketch)
    #expect(try JSONDecoder().decode(BlockSketch.self, from: data) == sketch)
    #expect(sketch == BlockSketch(of: noise(100, seed: 9)))
    #expect(sketch.difference(from: sketch) == 0)
  }
}
