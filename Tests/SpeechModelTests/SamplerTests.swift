import Checkpoints
import SpeechModel
import TestSupport
import Testing

struct SamplerTests {
  private static let logits = FilledTensors.plainValues(name: "sampler", count: 50).map {
    Float(3 * $0)
  }

  @Test func `greedy takes the largest logit and the lowest id among equals`() {
    var sampler = Sampler()
    #expect(sampler.sample([0, 2, -1, 2, 1]) == 1)
    #expect(sampler.sample([0, 2, -1, 2, 1], forbidding: [1]) == 3)
    #expect(sampler == Sampler())
    let largest = Self.logits.indices.max { Self.logits[$0] < Self.logits[$1] }
    #expect(sampler.sample(Self.logits) == largest)
  }

  @Test(arguments: [0, 1] as [Float])
  func `a NaN is never chosen`(temperature: Float) {
    var sampler = Sampler(SamplingConfiguration(temperature: temperature, topP: 0.99))
    for _ in 0..<200 { #expect(sampler.sample([.nan, 1, .nan, -.infinity]) == 1) }
  }

  @Test(arguments: [0, 1] as [Float])
  func `nothing is chosen and nothing drawn where no id is left`(temperature: Float) {
    var sampler = Sampler(SamplingConfiguration(temperature: temperature))
    let before = sampler
    #expect(sampler.sample([.nan, .nan]) == nil)
    #expect(sampler.sample([-.infinity, .nan]) == nil)
    #expect(sampler.sample([1, 2], forbidding: [0, 1]) == nil)
    #expect(sampler.sample([]) == nil)
    #expect(sampler == before)
  }

  @Test func `an infinite logit takes all the mass`() {
    var sampler = Sampler(SamplingConfiguration(topK: 2))
    for _ in 0..<100 { #expect(sampler.sample([3, .infinity, 5]) == 1) }
    #expect(Sampler.probabilities(of: [0, 1], logits: [3, .infinity]) == [0, 1])
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `ids come as often as their probabilities say`(seed: UInt64) throws {
    var sampler = Sampler(SamplingConfiguration(temperature: 0.8, topK: 12, topP: 0.9, seed: seed))
    let candidates = sampler.candidates(Self.logits)
    var counts = [Int](repeating: 0, count: Self.logits.count)
    for _ in 0..<20_000 {
      let id = sampler.sample(Self.logits)
      counts[try #require(id)] += 1
    }
    let expected = candidates.weights.map { 20_000 * $0 / candidates.total }
    #expect(candidates.ids.map { counts[$0] }.reduce(0, +) == 20_000)
    // At most 11 degrees of freedom: over 38 once in 10,000 times.
    #expect(chiSquare(candidates.ids.map { counts[$0] }, expected) < 38)
  }

  @Test func `the same seed gives the same ids, another seed others`() {
    func ids(_ seed: UInt64) -> [Int?] {
      var sampler = Sampler(SamplingConfiguration(temperature: 1, seed: seed))
      return (0..<64).map { _ in sampler.sample(Self.logits) }
    }
    #expect(ids(3) == ids(3))
    #expect(Set((0..<16).map(ids)).count == 16)
  }

  @Test func `reset and a copy go back to the same draws`() {
    var sampler = Sampler(SamplingConfiguration(temperature: 1, seed: 5))
    let first = (0..<32).map { _ in sampler.sample(Self.logits) }
    var copy = sampler
    let second = (0..<32).map { _ in sampler.sample(Self.logits) }
    #expect((0..<32).map { _ in copy.sample(Self.logits) } == second)
    sampler.reset()
    #expect((0..<32).map { _ in sampler.sample(Self.logits) } == first)
  }

  @Test func `top k keeps exactly k ids, the lowest among equals`() {
    let sampler = Sampler(SamplingConfiguration(topK: 3))
    #expect(sampler.candidates([1, 5, 1, 1, 4, 1]).ids == [1, 4, 0])
    #expect(sampler.candidates([1, 5, 1, 1, 4, 1], forbidding: [0, 4]).ids == [1, 2, 3])
  }

  @Test func `top p keeps ids while those before them hold less than p`() {
    // Probabilities 1/2, 1/4, 1/8, 1/8 exactly.
    let logits: [Float] = [0, 2, 0, 1].map { $0 * 0.693_147_180_559_945 }
    func ids(_ p: Float) -> [Int] {
      Sampler(SamplingConfiguration(topP: p)).candidates(logits).ids
    }
    #expect(ids(0.01) == [1])
    #expect(ids(0.49) == [1])
    #expect(ids(0.51) == [1, 3])
    #expect(ids(0.74) == [1, 3])
    #expect(ids(0.76) == [1, 3, 0])
    #expect(ids(0.88) == [1, 3, 0, 2])
    #expect(ids(1) == [0, 1, 2, 3])
  }

  @Test func `a sample among a few ids gives one of them`() {
    var sampler = Sampler(SamplingConfiguration(temperature: 1))
    for _ in 0..<200 {
      let id = sampler.sample(Self.logits, among: [4, 9])
      #expect(id == 4 || id == 9)
    }
    var greedy = Sampler()
    #expect(greedy.sample([0, 1, 2, 3], among: [2, 0]) == 2)
  }

  @Test func `the cuts leave what transformers leaves`() throws {
    let file = try SafeTensorsFile(path: Goldens.path("sampler/distributions.safetensors"))
    let settings = try file.values("settings", shape: [8, 4])
    for index in 0..<8 {
      let row = settings[4 * index..<4 * index + 4].map { $0 }
      let sampler = Sampler(
        SamplingConfiguration(
          temperature: row[0], topK: row[1] > 0 ? Int(row[1]) : nil,
          topP: row[2] > 0 ? row[2] : nil, minP: row[3] > 0 ? row[3] : nil))
      let candidates = sampler.candidates(try file.vector("\(index).logits", count: 96))
      let expected = try file.vector("\(index).probabilities", count: 96)
      #expect(candidates.ids.sorted() == expected.indices.filter { expected[$0] > 0 })
      let found = candidates.weights.map { Float($0 / candidates.total) }
      #expect(largestDifference(found, candidates.ids.map { expected[$0] }) < 1e-6)
    }
  }

  @Test func `probabilities sum to 1 and stay finite where exponentials would not`() {
    let logits: [Float] = [1000, 999, -1000, .nan]
    let found = Sampler.probabilities(of: [0, 1, 2, 3], logits: logits)
    #expect(largestDifference(found, [0.731_058_6, 0.268_941_4, 0, 0]) < 1e-6)
    #expect(Sampler.probabilities(of: [1], logits: [.nan, .nan]) == [0])
    let all = Sampler.probabilities(of: Array(Self.logits.indices), logits: Self.logits)
    #expect(abs(all.reduce(0, +) - 1) < 1e-6)
  }

  @Test func `the most probable ids come in order with their probabilities`() {
    let found = Sampler.mostProbable(3, logits: [0, 2, 0, 1])
    #expect(found.map(\.id) == [1, 3, 0])
    let expected = Sampler.probabilities(of: [1, 3, 0], logits: [0, 2, 0, 1])
    #expect(found.map(\.probability) == expected)
  }

  @Test(arguments: [
    SamplingConfiguration(temperature: -1), SamplingConfiguration(temperature: .nan),
    SamplingConfiguration(topK: 0), SamplingConfiguration(topP: 0),
    SamplingConfiguration(topP: 1.5), SamplingConfiguration(minP: -0.1),
  ])
  func `a value out of range is named`(configuration: SamplingConfiguration) {
    #expect(configuration.problem?.contains("expected") == true)
  }
}
