import SpeechModel
import TestSupport
import Testing

struct RepetitionAwareSamplerTests {
  private static let logits = FilledTensors.plainValues(name: "ras", count: 60).map {
    Float(3 * $0)
  }

  @Test func `the first draw is among the ids before which less than 0.8 of all mass lies`() {
    let sampler = RepetitionAwareSampler(seed: 0)
    let ids = sampler.candidates(Self.logits).ids
    let order = Self.logits.indices.sorted { Self.logits[$0] > Self.logits[$1] }
    let probabilities = Sampler.probabilities(of: order, logits: Self.logits)
    var (mass, expected) = (Float(0), [Int]())
    for (id, probability) in zip(order, probabilities) where mass < 0.8 {
      expected.append(id)
      mass += probability
    }
    #expect(ids == Array(expected.prefix(25)))
    #expect(ids.count < 25)
  }

  @Test func `a flat distribution is cut to 25 ids, the lowest`() {
    let sampler = RepetitionAwareSampler(seed: 0)
    #expect(sampler.candidates([Float](repeating: 1, count: 100)).ids == Array(0..<25))
  }

  @Test func `an id of the last 10 is drawn again from all others`() throws {
    // Id 0 holds nearly all the mass, so the first draw always gives it.
    var logits = [Float](repeating: 0, count: 8)
    logits[0] = 30
    var sampler = RepetitionAwareSampler(seed: 4)
    var counts = [Int](repeating: 0, count: 8)
    for _ in 0..<400 {
      #expect(sampler.sample(logits) == 0)
      // The next 10 tokens still see it in the window; then it has left.
      for _ in 0..<10 {
        let id = sampler.sample(logits)
        counts[try #require(id)] += 1
      }
    }
    #expect(counts[0] == 0)
    // Seven equally probable ids, 6 degrees of freedom: over 28 once in 10,000 times.
    #expect(chiSquare(Array(counts[1...]), [Double](repeating: 4000 / 7, count: 7)) < 28)
  }

  @Test func `the second draw is from the full softmax, not from the most probable ids`() throws {
    var logits = [Float](repeating: 0, count: 200)
    logits[0] = 30
    var sampler = RepetitionAwareSampler(seed: 9)
    var seen = Set<Int>()
    for _ in 0..<3000 {
      let id = sampler.sample(logits)
      seen.insert(try #require(id))
    }
    #expect(seen.count == 200)
  }

  @Test func `an id given from outside counts as recent`() {
    var sampler = RepetitionAwareSampler(seed: 1)
    sampler.record(0)
    #expect(sampler.sample([30, 0, -30]) == 1)
  }

  @Test func `a repeated id stays where it is the only one`() {
    var sampler = RepetitionAwareSampler(seed: 1)
    for _ in 0..<5 { #expect(sampler.sample([1, 2, .nan], forbidding: [0]) == 1) }
  }

  @Test func `a token takes one draw, and a second one only where the first is put aside`() {
    var (sampler, once, twice) = (
      RepetitionAwareSampler(seed: 6), SeededRandom(seed: 6), SeededRandom(seed: 6)
    )
    let flat = [Float](repeating: 0, count: 20)
    // Four ids make 0.2 of the mass: 16 are kept, and a draw u picks the id floor(16 u).
    #expect(sampler.sample(flat) == Int(once.uniform() * 16))
    let first = Int(twice.uniform() * 16)
    sampler.reset()
    sampler.record(first)
    let position = twice.uniform() * 19
    let second = Int(position) < first ? Int(position) : Int(position) + 1
    #expect(sampler.sample(flat) == second)
    #expect(second != first)
  }

  @Test func `forbidden ids never come, and nothing comes where all are forbidden`() {
    var sampler = RepetitionAwareSampler(seed: 2)
    for _ in 0..<2000 {
      let id = sampler.sample(Self.logits, forbidding: [3, 59])
      #expect(id != nil && id != 3 && id != 59)
    }
    let before = sampler
    #expect(sampler.sample([.nan, 1], forbidding: [1]) == nil)
    #expect(sampler == before)
  }

  @Test func `the same seed gives the same ids, another seed others`() {
    func ids(_ seed: UInt64) -> [Int?] {
      var sampler = RepetitionAwareSampler(seed: seed)
      return (0..<64).map { _ in sampler.sample(Self.logits) }
    }
    #expect(ids(3) == ids(3))
    #expect(Set((0..<16).map(ids)).count == 16)
  }
}
