import Dataflow
import Scenarios
import Testing

@Suite struct SplitTests {
  let world: World

  init() throws { world = try World.builtIn() }

  private func sentences(_ split: Split, seed: UInt64, count: Int = 20_000) -> [Exchange] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in world.anyExchange(split: split, using: &random) }
  }

  @Test(arguments: [1, 2] as [UInt64])
  func `no sentence of the tests occurs in training or validation`(_ seed: UInt64) {
    let test = Set(sentences(.test, seed: seed).map(\.question))
    #expect(test.count > 1_000)
    for split in [Split.train, .valid] {
      let common = test.intersection(sentences(split, seed: seed + 10).map(\.question))
      #expect(common.isEmpty, "\(split): \(common.sorted().prefix(5))")
    }
  }

  @Test(arguments: [3, 4] as [UInt64])
  func `phrasings of validation are asked there and never in training`(_ seed: UInt64) {
    let valid = sentences(.valid, seed: seed).filter { $0.phrasing.contains("/tried/") }
    #expect(valid.count > 1_000)
    #expect(Set(valid.map(\.topic)).isSuperset(of: ["arithmetic", "capitals", "talk", "unknown"]))
    let common = Set(valid.map(\.question))
      .intersection(sentences(.train, seed: seed + 10).map(\.question))
    #expect(common.isEmpty, "\(common.sorted().prefix(5))")
  }

  @Test func `the words of a question are sometimes followed by more in training`() {
    let asked = Set(sentences(.train, seed: 7, count: 60_000).map(\.question))
    let followed = asked.filter { question in
      guard let last = question.lastIndex(of: " ") else { return false }
      return asked.contains(String(question[..<last]))
    }
    #expect(followed.count > asked.count / 50)
  }

  @Test func `no combination of the tests occurs in training`() {
    let rules: Set = ["add", "subtract", "multiply", "bigger-number", "smaller-number", "repeat"]
    func combinations(_ split: Split) -> Set<String> {
      Set(
        sentences(split, seed: 4).filter {
          rules.contains($0.form) && !$0.phrasing.contains("held")
        }
        .map { "\($0.form) \($0.combination)" })
    }
    let test = combinations(.test)
    #expect(test.count > 300)
    #expect(test.isDisjoint(with: combinations(.train)))
    #expect(test.isDisjoint(with: combinations(.valid)))
  }

  @Test func `every fact of a table is heard in training`() {
    let asked = sentences(.train, seed: 5, count: 80_000)
    let heard = Set(asked.map { "\($0.form) \($0.combination)" })
    for form in world.forms where form.table != nil {
      for filling in world.fillings(of: form) {
        #expect(heard.contains("\(form.id) \(filling.id)"), "\(form.id) \(filling.id)")
      }
    }
  }

  @Test func `small talk has words around it in training, and stands alone in tests`() {
    let talk = world.talk
    func asked(_ split: Split, _ phrases: (Talk.Fixed) -> [String]) -> (alone: Int, around: Int) {
      let written = Set(talk.smallTalk.flatMap(phrases))
      let found = sentences(split, seed: 6).filter { $0.topic == "talk" }
      let alone = found.count { written.contains($0.question) }
      return (alone, found.count - alone)
    }
    let (train, test) = (asked(.train, \.ask), asked(.test, \.held))
    #expect(train.alone > 500 && train.around > 200)
    #expect(test.alone > 500 && test.around == 0)
  }

  @Test func `interruptions, backchannels and unrelated questions share no phrase`() {
    let talk = world.talk
    for phrases in [talk.interruptions, talk.backchannels, talk.unrelated] {
      #expect(Set(phrases.test).isDisjoint(with: phrases.train + phrases.valid))
      #expect(Set(phrases.valid).isDisjoint(with: phrases.train))
      #expect(!phrases.test.isEmpty)
    }
  }

  @Test func `speakers share no voice, and one engine occurs in tests only`() {
    var voices: [Split: Set<String>] = [:]
    for split in Split.allCases {
      let cast = Cast(rules: world.rules, split: split, hasPython: true)
      var random = SplitMix64(seed: 1)
      for _ in 0..<3_000 {
        let speaker = cast.speaker(using: &random)
        #expect(
          speaker.engine != world.rules.assistant.engine
            || speaker.voice != world.rules.assistant.voice)
        #expect(split == .test || speaker.engine != world.rules.testOnlyEngine)
        // Accents are shared; what makes a speaker is the variant.
        let variant = speaker.voice.split(separator: "+").dropFirst().first.map(String.init)
        voices[split, default: []].insert(
          speaker.engine == "espeak-ng" ? "espeak-ng \(variant ?? "")" : speaker.voice)
      }
    }
    let test = voices[.test] ?? []
    #expect(test.count >= 15)
    #expect(test.isDisjoint(with: voices[.train] ?? []))
    #expect(test.isDisjoint(with: voices[.valid] ?? []))
    #expect((voices[.valid] ?? []).isDisjoint(with: voices[.train] ?? []))
  }

  @Test func `kokoro's voices share no style between training and validation`() {
    func styles(_ split: Split) -> (Set<String>, mixed: Int) {
      let cast = Cast(rules: world.rules, split: split, hasPython: true)
      var random = SplitMix64(seed: 2)
      let voices = (0..<1_000).map { _ in
        cast.speaker(engine: "kokoro", using: &random).voice.split(separator: "+").map(String.init)
      }
      for voice in voices { #expect((1...2).contains(voice.count)) }
      return (Set(voices.joined()), voices.count { $0.count == 2 })
    }
    let (train, valid) = (styles(.train), styles(.valid))
    #expect(train.0 == Set(world.rules.kokoro.train) && valid.0 == Set(world.rules.kokoro.valid))
    #expect(train.0.isDisjoint(with: valid.0))
    #expect((400...600).contains(train.mixed))
  }

  @Test func `takes of people's digits are disjoint, and 0 to 4 are for tests`() {
    let digits = world.rules.digits
    #expect(digits.takes(.test) == 0...4)
    #expect(!digits.takes(.train).overlaps(digits.takes(.test)))
    #expect(!digits.takes(.train).overlaps(digits.takes(.valid)))
    #expect(!digits.takes(.valid).overlaps(digits.takes(.test)))
  }
}
