import Dataflow

extension Troupe {
  /// Users and an assistant who speak in tones: for tests and benchmarks, without a synthesizer.
  package static func tones(
    world: World, split: Split, speakers: Int, seed: UInt64
  ) throws(ScenarioError) -> Troupe {
    let plan = VoiceBankPlan(world: world, split: split)
    var lines: [VoiceBankPlan.Line] = []
    for index in 0..<speakers {
      var random = SplitMix64(seed: seed, item: index, purpose: "tones")
      let speaker = Speaker(engine: "tones", voice: "tone-\(index)")
      // References between lines count from the speaker's first.
      let before = lines.count
      for var line in plan.lines(of: speaker, using: &random) {
        line.utterance.after = line.utterance.after.map { $0 + before }
        lines.append(line)
      }
    }
    var random = SplitMix64(seed: seed)
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
}
