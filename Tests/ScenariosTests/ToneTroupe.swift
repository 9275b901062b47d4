import Scenarios

/// One troupe that speaks in tones, for all tests.
enum ToneTroupe {
  static let shared: Result<Troupe, ScenarioError> = Result { () throws(ScenarioError) in
    try .tones(world: .builtIn(), split: .train, speakers: 6, seed: 5)
  }

  static func recipe(_ kind: CorpusKind, seed: UInt64) throws -> CorpusRecipe {
    CorpusRecipe(kind: kind, troupe: try shared.get(), seed: seed)
  }
}
