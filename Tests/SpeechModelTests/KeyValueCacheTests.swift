import SpeechModel
import Testing

@Suite struct KeyValueCacheTests {
  /// Adds positions whose keys are their index and whose values are the negative.
  private func fill(_ cache: inout KeyValueCache, with count: Int) {
    let keys = (0..<count * cache.width).map { Float(cache.position * cache.width + $0) }
    for layer in 0..<2 {
      cache.append(keys: keys.map { $0 + Float(layer) }, values: keys.map { -$0 }, to: layer)
    }
    cache.advance(by: count)
  }

  private func contents(_ cache: KeyValueCache, _ layer: Int) -> [Float] {
    cache.withLayer(layer) { Array($0) + Array($1) }
  }

  @Test(arguments: [[1, 1, 1, 1, 1, 1], [6], [2, 3, 1], [5, 1]])
  func `any split of the positions is kept alike`(split: [Int]) {
    var (whole, parts) = (
      KeyValueCache(layers: 2, width: 3, capacity: 6),
      KeyValueCache(layers: 2, width: 3, capacity: 6)
    )
    fill(&whole, with: 6)
    for count in split { fill(&parts, with: count) }
    #expect(contents(parts, 0) == contents(whole, 0))
    #expect(contents(parts, 1) == contents(whole, 1))
    #expect(contents(whole, 1).prefix(4) == [1, 2, 3, 4])
  }

  @Test func `growing past the first reservation keeps everything`() {
    var cache = KeyValueCache(layers: 2, width: 2, capacity: 2_000)
    for _ in 0..<400 { fill(&cache, with: 5) }
    #expect(cache.position == 2_000 && cache.room == 0)
    #expect(contents(cache, 0) == (0..<4_000).map { Float($0) } + (0..<4_000).map { -Float($0) })
  }

  @Test func `a full cache refuses another position`() throws {
    var cache = KeyValueCache(layers: 2, width: 2, capacity: 4)
    fill(&cache, with: 3)
    try cache.check(room: 1)
    #expect(throws: ContextFull(capacity: 4, position: 3, asked: 2)) { try cache.check(room: 2) }
  }

  @Test func `truncating forgets what came after`() {
    var (cache, short) = (
      KeyValueCache(layers: 2, width: 2, capacity: 8),
      KeyValueCache(layers: 2, width: 2, capacity: 8)
    )
    fill(&cache, with: 7)
    fill(&short, with: 3)
    cache.truncate(to: 3)
    #expect(cache.position == 3)
    #expect(contents(cache, 1) == contents(short, 1))
  }

  @Test func `a copy keeps what it had`() {
    var cache = KeyValueCache(layers: 2, width: 2, capacity: 8)
    fill(&cache, with: 3)
    let copy = cache
    let before = contents(copy, 0)
    fill(&cache, with: 2)
    #expect(copy.position == 3)
    #expect(contents(copy, 0) == before)
  }

  @Test func `a position of Llama-3-8B takes 256 KiB`() {
    #expect(KeyValueCache(layers: 32, width: 1_024, capacity: 1).bytesPerPosition == 256 * 1_024)
  }
}
