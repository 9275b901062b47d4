import Dataflow
import Foundation
import Scenarios

/// Banks that speak in tones: no synthesizer is needed, and equal requests give equal samples.
enum ToneTroupe {
  static let shared: Result<Troupe, ScenarioError> = Result { () throws(ScenarioError) in
    try make(split: .train, speakers: 6)
  }

  static func make(split: Split, speakers: Int) throws(ScenarioError) -> Troupe {
    let world = try World.builtIn()
    let plan = VoiceBankPlan(world: world, split: split)
    var lines: [VoiceBankPlan.Line] = []
    for index in 0..<speakers {
      var random = SplitMix64(seed: 5, item: index, purpose: "tones")
      let speaker = Speaker(engine: "tones", voice: "tone-\(index)")
      // References between lines count from the speaker's first.
      let before = lines.count
      for var line in plan.lines(of: speaker, using: &random) {
        line.utterance.after = line.utterance.after.map { $0 + before }
        lines.append(line)
      }
    }
    var random = SplitMix64(seed: 6)
    lines += plan.digits(of: Speaker(engine: "tones", voice: "digits"), count: 8, using: &random)
    let users = try VoiceBank.make(split: split, lines, voice: ToneVoice())
    let speaker = world.rules.assistantSpeaker
    let answers = Set(users.utterances.compactMap { $0.exchange?.answer }).sorted()
    let spoken = answers.map { text in
      (
        utterance: Utterance(speaker: speaker, kind: .answer, text: text),
        request: SpeechRequest(speaker: speaker, text: text)
      )
    }
    return try Troupe(
      users: users, assistant: VoiceBank.make(split: split, spoken, voice: ToneVoice()))
  }

  static func recipe(_ kind: CorpusKind, seed: UInt64) throws -> CorpusRecipe {
    CorpusRecipe(kind: kind, troupe: try shared.get(), seed: seed)
  }
}
