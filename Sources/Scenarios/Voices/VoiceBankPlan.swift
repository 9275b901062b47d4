package import Dataflow

/// What the users of a bank say: drawn for each speaker, so that a conversation of one user finds
/// questions, interruptions and backchannels in one voice.
package struct VoiceBankPlan: Sendable {
  package typealias Line = (utterance: Utterance, request: SpeechRequest)

  package let world: World
  package let split: Split
  /// How many exchanges of the forms each speaker asks.
  package var exchanges = 40
  /// How many questions each speaker asks that are not for the assistant.
  package var unrelated = 4
  /// Whether a speaker says nothing else than exchanges.
  package var hasQuestionsOnly = false

  /// Plans a bank of a split.
  package init(world: World, split: Split) {
    self.world = world
    self.split = split
  }

  /// What one speaker says.
  ///
  /// ``Utterance/after`` counts from the first of these.
  package func lines(of speaker: Speaker, using random: inout SplitMix64) -> [Line] {
    var lines: [Line] = []
    let talk = world.talk
    func add(_ exchange: Exchange, _ kind: UtteranceKind) {
      let ending = random.chance(0.6) ? "?" : "."
      lines.append(
        line(speaker, kind, exchange.question, exchange, ending: ending, using: &random))
    }
    for _ in 0..<exchanges {
      let exchange = world.exchange(split: split, using: &random)
      add(exchange, exchange.form == "digits" ? .digits : .question)
    }
    guard !hasQuestionsOnly else { return lines }
    for _ in 0..<5 { add(world.smallTalk(split: split, using: &random), .statement) }
    for _ in 0..<3 { add(world.unknown(split: split, using: &random), .question) }
    for _ in 0..<5 {
      guard let long = random.pick(talk.longAnswers) else { continue }
      add(world.question(for: long, split: split, using: &random), .question)
      for _ in 0..<2 { add(world.followUp(to: long, split: split, using: &random), .related) }
    }
    for _ in 0..<6 { lines += hesitating(speaker, place: lines.count, using: &random) }
    for (kind, phrases, count) in [
      (UtteranceKind.direct, talk.interruptions, 5), (.backchannel, talk.backchannels, 5),
      (.unrelated, talk.unrelated, unrelated),
    ] {
      for _ in 0..<count {
        guard let phrase = random.pick(phrases[split]) else { continue }
        let ending = kind == .unrelated ? "?" : "."
        lines.append(line(speaker, kind, phrase, nil, ending: ending, using: &random))
      }
    }
    return lines
  }

  /// Series of digits that people recorded.
  package func digits(
    of speaker: Speaker, count: Int, using random: inout SplitMix64
  ) -> [Line] {
    guard let form = world.forms.first(where: { $0.id == "digits" }) else { return [] }
    return (0..<count).compactMap { _ in
      guard let exchange = world.exchange(form: form, split: split, using: &random) else {
        return nil
      }
      var line = line(speaker, .digits, exchange.question, exchange, ending: "", using: &random)
      line.request.speaker = speaker
      return line
    }
  }

  private func line(
    _ speaker: Speaker, _ kind: UtteranceKind, _ text: String, _ exchange: Exchange?,
    ending: String, after: Int? = nil, using random: inout SplitMix64
  ) -> Line {
    var own = speaker
    // A person does not always speak at one speed.
    own.rate *= random.uniform(0.93, 1.08)
    return (
      Utterance(speaker: speaker, kind: kind, text: text, exchange: exchange, after: after),
      SpeechRequest(speaker: own, text: text, ending: ending, seed: random.next())
    )
  }

  /// A question in two parts with a hesitation between them; the first is at a place.
  private func hesitating(
    _ speaker: Speaker, place: Int, using random: inout SplitMix64
  ) -> [Line] {
    for _ in 0..<20 {
      let exchange = world.exchange(split: split, using: &random)
      guard let cut = random.pick(world.hesitations(in: exchange.question)) else { continue }
      let words = exchange.question.split(separator: " ").map(String.init)
      var first = words[..<cut].joined(separator: " ")
      if random.chance(0.25), let filler = random.pick(world.talk.hesitations.fillers) {
        first += " " + filler
      }
      let second = words[cut...].joined(separator: " ")
      return [
        line(speaker, .pausePart, first, exchange, ending: ",", using: &random),
        line(
          speaker, .pausePart, second, exchange, ending: "?", after: place, using: &random),
      ]
    }
    return []
  }
}
