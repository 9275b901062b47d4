/// Chooses ids from logits; the random state is part of the value.
///
/// Equal configurations and equal logits give equal ids. Ties go to the lowest id. A choice takes
/// one draw, and none where the temperature is 0. A logit that is NaN counts as minus infinity.
public struct Sampler: Sendable, Equatable {
  /// How ids are chosen.
  public let configuration: SamplingConfiguration
  private var random: SeededRandom

  /// Starts at the configuration's seed; its ``SamplingConfiguration/problem`` must be nil.
  public init(_ configuration: SamplingConfiguration = .greedy) {
    precondition(configuration.problem == nil, configuration.problem ?? "")
    self.configuration = configuration
    random = SeededRandom(seed: configuration.seed)
  }

  /// Chooses an id.
  ///
  /// - Parameters:
  ///   - logits: one number per id.
  ///   - forbidden: ids that must not be chosen; each has a logit.
  /// - Returns: the id, or nil where every id is forbidden or at minus infinity (or NaN, as from
  ///   broken weights). Nothing is drawn then.
  public mutating func sample(_ logits: [Float], forbidding forbidden: [Int] = []) -> Int? {
    if configuration.temperature == 0 {
      return RankedLogits(logits, forbidding: forbidden).first
    }
    let candidates = candidates(logits, forbidding: forbidden)
    return candidates.ids.isEmpty ? nil : candidates.pick(random.uniform())
  }

  /// Chooses one of a few ids, as if all others were forbidden; ties go to the first listed.
  public mutating func sample(_ logits: [Float], among ids: [Int]) -> Int? {
    sample(ids.map { logits[$0] }).map { ids[$0] }
  }

  /// Goes back to the configuration's seed.
  public mutating func reset() {
    random = SeededRandom(seed: configuration.seed)
  }

  /// The probabilities of some ids under all logits, at temperature 1.
  ///
  /// Sums in double precision after the largest logit is taken off, so that no exponential
  /// overflows. Where every logit is minus infinity or NaN all probabilities are 0.
  public static func probabilities(of ids: [Int], logits: [Float]) -> [Float] {
    let ranked = RankedLogits(logits, forbidding: [])
    let weights = ranked.weights()
    let total = weights.reduce(0, +)
    return ids.map { total > 0 ? Float(weights[$0] / total) : 0 }
  }

  /// The most probable ids and their probabilities at temperature 1, the most probable first.
  public static func mostProbable(
    _ count: Int, logits: [Float]
  ) -> [(id: Int, probability: Float)] {
    let ranked = RankedLogits(logits, forbidding: [])
    let total = ranked.weights().reduce(0, +)
    let best = Candidates(mostProbable: ranked, limit: count)
    return zip(best.ids, best.weights).map { (id: $0, probability: Float($1 / total)) }
  }

  /// The ids that may be drawn and their weights, after every cut.
  package func candidates(_ logits: [Float], forbidding forbidden: [Int] = []) -> Candidates {
    let temperature = configuration.temperature
    let ranked = RankedLogits(logits, temperature: temperature, forbidding: forbidden)
    let topP = configuration.topP.flatMap { $0 < 1 ? Double($0) : nil }
    let least = Double(configuration.minP ?? 0)
    guard let topK = configuration.topK else {
      guard topP != nil || least > 0 else { return Candidates(all: ranked) }
      let mass = topP.map { $0 * ranked.weights().reduce(0, +) } ?? .infinity
      return Candidates(mostProbable: ranked, least: least, mass: mass)
    }
    // The mass is shared out among the topK ids, so the cut by mass comes after them.
    var kept = Candidates(mostProbable: ranked, limit: topK)
    if let topP { kept.cut(mass: topP * kept.total) }
    kept.cut(least: least)
    return kept
  }
}
