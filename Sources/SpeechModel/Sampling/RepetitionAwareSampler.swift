/// Chooses speech tokens by repetition-aware sampling, as CosyVoice2 does (VALL-E 2, 2024).
///
/// An id is drawn from the most probable ids: those before which less than `topP` of the whole
/// mass lies, at most `topK`. Where the last `window` ids hold it `window * threshold` times or
/// more, it is put aside and an id is drawn from all others. A token takes one draw, and a second
/// one only where the first was put aside. Ties go to the lowest id; NaN counts as minus infinity.
public struct RepetitionAwareSampler: Sendable, Equatable {
  /// The numbers of the rule.
  public struct Configuration: Sendable, Equatable, Codable {
    /// The mass before an id must be less than this, over 0.
    public var topP: Double
    /// The most ids of the first draw, at least 1.
    public var topK: Int
    /// How many recent ids count, at least 1.
    public var window: Int
    /// The share of the window that an id must not reach, over 0.
    public var threshold: Double

    /// The numbers of CosyVoice2.
    public init(topP: Double = 0.8, topK: Int = 25, window: Int = 10, threshold: Double = 0.1) {
      self.topP = topP
      self.topK = topK
      self.window = window
      self.threshold = threshold
    }
  }

  /// The numbers of the rule.
  public let configuration: Configuration
  private let seed: UInt64
  private var random: SeededRandom
  private var recent: [Int] = []

  /// Starts with no recent ids.
  public init(_ configuration: Configuration = Configuration(), seed: UInt64) {
    precondition(configuration.topP > 0 && configuration.topK > 0)
    precondition(configuration.window > 0 && configuration.threshold > 0)
    self.configuration = configuration
    self.seed = seed
    random = SeededRandom(seed: seed)
  }

  /// Chooses an id and counts it among the recent ones.
  ///
  /// - Parameters:
  ///   - logits: one number per id.
  ///   - forbidden: ids that must not be chosen; each has a logit.
  /// - Returns: the id, or nil where every id is forbidden or at minus infinity (or NaN, as from
  ///   broken weights). Nothing is drawn then.
  public mutating func sample(_ logits: [Float], forbidding forbidden: [Int] = []) -> Int? {
    let ranked = RankedLogits(logits, forbidding: forbidden)
    guard !ranked.isEmpty, var id = candidates(ranked).pick(random.uniform()) else { return nil }
    if isRepeated(id) {
      let others = Candidates(all: RankedLogits(ranked.logits, forbidding: [id]))
      // An id that is the only one left stays.
      if !others.ids.isEmpty { id = others.pick(random.uniform()) ?? id }
    }
    record(id)
    return id
  }

  /// Counts an id that was produced without sampling among the recent ones.
  public mutating func record(_ id: Int) {
    recent.append(id)
    if recent.count > configuration.window { recent.removeFirst() }
  }

  /// Forgets the recent ids and goes back to the seed.
  public mutating func reset() {
    recent = []
    random = SeededRandom(seed: seed)
  }

  /// The ids of the first draw.
  package func candidates(_ logits: [Float], forbidding forbidden: [Int] = []) -> Candidates {
    candidates(RankedLogits(logits, forbidding: forbidden))
  }

  private func candidates(_ ranked: RankedLogits) -> Candidates {
    let mass = configuration.topP * ranked.weights().reduce(0, +)
    return Candidates(mostProbable: ranked, limit: configuration.topK, mass: mass)
  }

  private func isRepeated(_ id: Int) -> Bool {
    let count = recent.count { $0 == id }
    return Double(count) >= Double(configuration.window) * configuration.threshold
  }
}
