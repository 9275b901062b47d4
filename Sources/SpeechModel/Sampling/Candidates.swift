/// The ids that may be drawn and their weights, which need not sum to 1.
package struct Candidates: Sendable, Equatable {
  /// The ids in the order in which a draw walks over them.
  package private(set) var ids: [Int] = []
  /// Weights in the order of `ids`.
  package private(set) var weights: [Double] = []

  /// The weights' sum.
  package var total: Double { weights.reduce(0, +) }

  /// All ids of a ranking, in the order of the ids: nothing is sorted where nothing is cut.
  init(all ranked: RankedLogits) {
    guard !ranked.isEmpty else { return }
    for id in ranked.logits.indices where ranked.logits[id] > -.infinity {
      ids.append(id)
      weights.append(ranked.weight(id))
    }
  }

  /// The most probable ids, at most `limit`, while they weigh at least `least` and the ids before
  /// them weigh less than `mass`.
  init(
    mostProbable ranked: RankedLogits, limit: Int = .max, least: Double = 0,
    mass: Double = .infinity
  ) {
    var ranked = ranked
    ranked.rank()
    var sum = 0.0
    while ids.count < limit, sum < mass, let id = ranked.pop() {
      let weight = ranked.weight(id)
      guard weight >= least else { return }
      sum += weight
      ids.append(id)
      weights.append(weight)
    }
  }

  /// Keeps the first ids while those before them weigh less than a mass.
  mutating func cut(mass: Double) {
    var (sum, kept) = (0.0, 0)
    while kept < ids.count, sum < mass {
      sum += weights[kept]
      kept += 1
    }
    keep(kept)
  }

  /// Drops the ids that weigh less than a bound; the weights must fall.
  mutating func cut(least: Double) {
    keep(weights.firstIndex { $0 < least } ?? weights.count)
  }

  /// The id at a position in [0, 1) of the weights laid end to end; nil where there is none.
  package func pick(_ position: Double) -> Int? {
    let target = position * total
    var sum = 0.0
    for (id, weight) in zip(ids, weights) {
      sum += weight
      if target < sum { return id }
    }
    // Rounding can leave the target at the very end.
    return weights.lastIndex { $0 > 0 }.map { ids[$0] }
  }

  private mutating func keep(_ count: Int) {
    ids.removeLast(ids.count - count)
    weights.removeLast(weights.count - count)
  }
}
