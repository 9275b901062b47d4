import SpeechModel
import Testing

@Suite struct RotaryEmbeddingTests {
  private func divisors(headSize: Int, factor: Double) -> [Float] {
    let plain = RotaryEmbedding(RotaryConfiguration(base: 500_000), headSize: headSize)
    let scaled = RotaryEmbedding(
      RotaryConfiguration(
        base: 500_000,
        scaling: .llama3(factor: factor, lowFrequency: 1, highFrequency: 4, context: 8192)),
      headSize: headSize)
    return zip(plain.frequencies, scaled.frequencies).map { $0 / $1 }
  }

  @Test func `frequencies of Llama-3.2-1B are slowed down as published`() {
    let expected =
      [Float](repeating: 1, count: 15) + [1.65133, 3.29226, 9.66673]
      + [Float](repeating: 32, count: 14)
    for (a, b) in zip(divisors(headSize: 64, factor: 32), expected) { #expect(abs(a - b) < 1e-4) }
  }

  @Test func `frequencies of Llama-3.1-8B are slowed down as published`() {
    let expected =
      [Float](repeating: 1, count: 29) + [1.20748, 1.55341, 2.02631, 2.69453, 3.68425, 5.25733]
      + [Float](repeating: 8, count: 29)
    for (a, b) in zip(divisors(headSize: 128, factor: 8), expected) { #expect(abs(a - b) < 1e-4) }
  }

  @Test func `explicit divisors do what the rule does`() {
    let rule = RotaryEmbedding(
      RotaryConfiguration(
        base: 500_000,
        scaling: .llama3(factor: 8, lowFrequency: 1, highFrequency: 4, context: 256)), headSize: 8)
    for (a, b) in zip(rule.frequencies, [1, 0.010538231, 1.7677668e-4, 6.6478697e-6] as [Float]) {
      #expect(abs(a / b - 1) < 1e-6)
    }
    let plain = RotaryEmbedding(RotaryConfiguration(base: 500_000), headSize: 8)
    let divisors = zip(plain.frequencies, rule.frequencies).map { Double($0 / $1) }
    let explicit = RotaryEmbedding(
      RotaryConfiguration(base: 500_000, scaling: .divisors(divisors)), headSize: 8)
    for (a, b) in zip(explicit.frequencies, rule.frequencies) { #expect(abs(a / b - 1) < 1e-6) }
  }

  /// GGUF files hold the rows of a head with the partners side by side.
  @Test(arguments: [0, 1, 77, 6_000])
  func `turning halves equals turning neighbours of interleaved rows`(position: Int) {
    let rotary = RotaryEmbedding(RotaryConfiguration(base: 10_000), headSize: 16)
    let x = (0..<32).map { Float($0 * 37 % 29) - 14 }
    let angles = rotary.angles(from: position, count: 1)
    var halves = x
    rotary.rotate(&halves, heads: 2, by: angles)
    for head in 0..<2 {
      for i in 0..<8 {
        // Interleaved, values i and 8 + i would be at 2 i and 2 i + 1.
        let pair = (x[head * 16 + i], x[head * 16 + 8 + i])
        let (c, s) = (angles.cosines[i], angles.sines[i])
        #expect(halves[head * 16 + i] == pair.0 * c - pair.1 * s)
        #expect(halves[head * 16 + 8 + i] == pair.1 * c + pair.0 * s)
      }
    }
  }

  @Test(arguments: [0, 5, 100_000])
  func `scores depend on the distance alone`(offset: Int) {
    let rotary = RotaryEmbedding(RotaryConfiguration(base: 500_000), headSize: 8)
    func score(_ a: Int, _ b: Int) -> Float {
      var (q, k): ([Float], [Float]) = (
        [1, -2, 3, 0.5, 0.25, 1, -1, 2], [2, 1, 0, -1, 3, 1, 1, -2]
      )
      rotary.rotate(&q, heads: 1, by: rotary.angles(from: a, count: 1))
      rotary.rotate(&k, heads: 1, by: rotary.angles(from: b, count: 1))
      return zip(q, k).reduce(0) { $0 + $1.0 * $1.1 }
    }
    #expect(abs(score(9 + offset, 4 + offset) - score(9, 4)) < 1e-4)
    #expect(abs(score(9 + offset, 3 + offset) - score(9, 4)) > 1e-2)
  }
}
