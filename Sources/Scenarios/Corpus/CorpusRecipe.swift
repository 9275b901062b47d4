import Dataflow

/// How the conversations of a corpus are made, each from its own seed.
package struct CorpusRecipe: Sendable {
  package let kind: CorpusKind
  package let troupe: Troupe
  package var timing = TurnTiming()
  /// The share of the assistant's changes of state that come late, so that who learns from them learns
  /// to make up for a miss.
  package var misses = 0.0
  /// One scene only, for a test set of it.
  package var scene: Scene?
  /// The echo's factor, where a test set fixes it.
  package var echo: Double?
  /// Whether nothing lies between the speakers and the samples.
  package var isClean = false
  private let seed: UInt64
  private let order: [Int]
  /// Members who said digits only: people.
  private let reciters: [Troupe.Member]

  /// A recipe from a seed.
  package init(kind: CorpusKind, troupe: Troupe, seed: UInt64) {
    self.kind = kind
    self.troupe = troupe
    self.seed = seed
    var random = SplitMix64(seed: seed, item: 0, purpose: "order")
    // Every utterance occurs before one occurs twice.
    order =
      switch kind {
      case .asr: troupe.spoken.shuffled(using: &random)
      case .qa: troupe.answerable.shuffled(using: &random)
      case .duplex: Self.askers(of: troupe).shuffled(using: &random)
      }
    reciters = troupe.members.filter { $0[.question].isEmpty && !$0[.digits].isEmpty }
  }

  /// Members who ask questions; where nobody does, all: people say digits only.
  private static func askers(of troupe: Troupe) -> [Int] {
    let askers = troupe.members.indices.filter { !troupe.members[$0][.question].isEmpty }
    return askers.isEmpty ? Array(troupe.members.indices) : askers
  }

  /// A conversation: its line without an offset, and its two channels.
  package func conversation(
    _ index: Int
  ) -> (record: ConversationRecord, environment: [Float], assistant: [Float]) {
    var random = SplitMix64(seed: seed, item: index, purpose: kind.rawValue)
    let own = random.next()
    let script = script(index, seed: own)
    var conditions = Conditions.clean
    if !isClean {
      conditions = .drawn(hasEcho: !script.answers.isEmpty, using: &random)
      if let echo { conditions.echo = echo }
    }
    let (environment, assistant) = Mixer(troupe: troupe).mix(script, conditions, seed: own)
    return (record(index, own, script, conditions), environment, assistant)
  }

  /// A conversation before it sounds: its line alone, with the place of every utterance's samples in
  /// the banks, for training that mixes it anew each time.
  package func script(_ index: Int) -> ConversationRecord {
    var random = SplitMix64(seed: seed, item: index, purpose: kind.rawValue)
    let own = random.next()
    let script = script(index, seed: own)
    var record = record(index, own, script, .clean)
    for (place, line) in script.lines.enumerated() {
      record.user[place].source = line.utterance.offset
    }
    for (place, answer) in script.answers.enumerated() {
      record.assistant[place].source = answer.utterance.offset
    }
    return record
  }

  private func record(
    _ index: Int, _ seed: UInt64, _ script: Script, _ conditions: Conditions
  ) -> ConversationRecord {
    ConversationRecord(
      id: "\(kind.rawValue)-\(index)", seed: seed, kind: kind.rawValue, offset: 0,
      blocks: script.blocks, user: script.lines.map(Self.speech),
      assistant: script.answers.map(\.speech), conditions: conditions, events: script.events)
  }

  /// The layout of a conversation.
  func script(_ index: Int, seed: UInt64) -> Script {
    var random = SplitMix64(seed: seed)
    let place = order[index % order.count]
    switch kind {
    case .asr:
      var script = Script(timing: timing)
      script.wait(random.uniform(0.05, 0.6))
      script.say(troupe[place])
      script.wait(random.uniform(0.3, 0.7))
      return script
    case .qa:
      let user = troupe.members.first { $0.id == troupe[place].speaker.id } ?? troupe.members[0]
      var builder = scenes(of: user, random)
      builder.wait(0.1, 1.2)
      builder.ask(troupe[place])
      builder.wait(0.3, 1)
      return builder.script
    case .duplex: return duplex(order[index % order.count], seed: seed)
    }
  }

  private func scenes(of user: Troupe.Member, _ random: SplitMix64) -> SceneBuilder {
    SceneBuilder(troupe: troupe, user: user, timing: timing, misses: misses, random: random)
  }

  private func duplex(_ member: Int, seed: UInt64) -> Script {
    var random = SplitMix64(seed: seed, item: 0, purpose: "scenes")
    var builder = scenes(
      of: troupe.members[member], SplitMix64(seed: seed, item: 1, purpose: "scenes"))
    if scene == nil, random.chance(0.06), let reciter = random.pick(reciters) {
      return recital(of: reciter, using: &random)
    }
    builder.wait(0.2, 1.5)
    if let scene {
      // Where this user has not what the scene needs, another one has.
      for offset in 0..<troupe.members.count {
        if builder.add(scene) { break }
        builder = scenes(
          of: troupe.members[(member + offset + 1) % troupe.members.count],
          SplitMix64(seed: random.next()))
        builder.wait(0.2, 1.5)
      }
    } else {
      for _ in 0..<random.integer(1...4) {
        let scene = random.pick(Scene.allCases, weight: \.share) ?? .turns
        _ = builder.add(scene)
        builder.wait(0.3, 1.6)
      }
    }
    builder.wait(0.4, 1.2)
    return builder.script
  }

  /// A conversation of digits only.
  private func recital(of member: Troupe.Member, using random: inout SplitMix64) -> Script {
    var builder = scenes(of: member, SplitMix64(seed: random.next()))
    builder.wait(0.2, 1.5)
    for _ in 0..<random.integer(1...3) {
      _ = builder.add(.digits)
      builder.wait(0.3, 1.6)
    }
    return builder.script
  }

  private static func speech(_ line: Script.Line) -> ConversationRecord.UserSpeech {
    let utterance = line.utterance
    let exchange = utterance.exchange
    return ConversationRecord.UserSpeech(
      speaker: utterance.speaker.id, engine: utterance.speaker.engine,
      voice: utterance.speaker.voice, role: line.role, kind: utterance.kind,
      text: utterance.text, start: line.start, end: line.end, form: exchange?.form,
      phrasing: exchange?.phrasing, combination: exchange?.combination, answer: exchange?.answer)
  }
}
