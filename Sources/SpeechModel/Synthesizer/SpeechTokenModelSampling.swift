/// How speech tokens are chosen.
public enum SpeechTokenSampling: Sendable, Equatable {
  /// Always the largest logit: for tests; such models fall into loops.
  case greedy
  /// Drawn, with repetitions put aside.
  case repetitionAware(RepetitionAwareSampler.Configuration, seed: UInt64)
}

/// Chooses speech tokens; what it remembers is part of the value.
struct SpeechTokenSampler: Sendable {
  private enum Choice {
    case greedy(Sampler)
    case repetitionAware(RepetitionAwareSampler)
  }

  private var choice: Choice

  init(_ sampling: SpeechTokenSampling) {
    choice =
      switch sampling {
      case .greedy: .greedy(Sampler(.greedy))
      case .repetitionAware(let configuration, let seed):
        .repetitionAware(RepetitionAwareSampler(configuration, seed: seed))
      }
  }

  mutating func sample(_ logits: [Float], forbidding forbidden: [Int]) -> Int? {
    switch choice {
    case .greedy(var sampler):
      return sampler.sample(logits, forbidding: forbidden)
    case .repetitionAware(var sampler):
      defer { choice = .repetitionAware(sampler) }
      return sampler.sample(logits, forbidding: forbidden)
    }
  }

  /// Counts a token that came without being chosen.
  mutating func record(_ token: Int) {
    guard case .repetitionAware(var sampler) = choice else { return }
    sampler.record(token)
    choice = .repetitionAware(sampler)
  }
}
