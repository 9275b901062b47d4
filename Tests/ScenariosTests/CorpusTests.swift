import Foundation
import Scenarios
import Testing

@Suite struct CorpusTests {
  @Test(arguments: CorpusKind.allCases)
  func `equal seeds give equal bytes, others do not`(_ kind: CorpusKind) throws {
    let first = try ToneTroupe.recipe(kind, seed: 1).shard(0..<12)
    let again = try ToneTroupe.recipe(kind, seed: 1).shard(0..<12)
    let other = try ToneTroupe.recipe(kind, seed: 2).shard(0..<12)
    #expect(first.samples == again.samples && first.lines == again.lines)
    #expect(first.samples != other.samples)
  }

  @Test(arguments: [1, 2] as [UInt64])
  func `a script tells of the same conversation as its mix, and where its sounds are`(
    _ seed: UInt64
  ) throws {
    var recipe = try ToneTroupe.recipe(.duplex, seed: seed)
    recipe.isClean = true
    let (record, environment, assistant) = recipe.conversation(4)
    var script = recipe.script(4)
    let first = try #require(script.user.first)
    let source = try #require(first.source)
    let utterance = try #require(recipe.troupe.users.utterances.first { $0.offset == source })
    let said = recipe.troupe.users.samples(of: utterance)
    #expect(said.count == first.end - first.start)
    #expect(Array(environment[first.start..<first.start + 800]) == Array(said[..<800]))
    let answer = try #require(script.assistant.first)
    let own = try #require(answer.source)
    let spoken = try #require(recipe.troupe.assistant.utterances.first { $0.offset == own })
    #expect(
      Array(assistant[answer.audioStart..<answer.audioStart + 800])
        == Array(recipe.troupe.assistant.samples(of: spoken)[..<800]))
    for index in script.user.indices { script.user[index].source = nil }
    for index in script.assistant.indices { script.assistant[index].source = nil }
    #expect(script == record)
  }

  @Test func `a conversation does not depend on the ones before it`() throws {
    let recipe = try ToneTroupe.recipe(.duplex, seed: 3)
    let (record, environment, assistant) = recipe.conversation(7)
    _ = recipe.conversation(6)
    let again = recipe.conversation(7)
    #expect(record == again.record)
    #expect(environment == again.environment && assistant == again.assistant)
  }

  @Test func `a shard's lines say where its samples are`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let recipe = try ToneTroupe.recipe(.qa, seed: 4)
    try recipe.shard(0..<5).write(name: CorpusHeader.name(ofShard: 0), in: folder)
    let samples = try Data(contentsOf: folder.appending(path: "shard-00000.pcm"))
    let lines = try Data(contentsOf: folder.appending(path: "shard-00000.jsonl"))
      .split(separator: UInt8(ascii: "\n"))
    #expect(lines.count == 5)
    var offset = 0
    for (index, line) in lines.enumerated() {
      let record = try JSONDecoder().decode(ConversationRecord.self, from: line)
      #expect(record.offset == offset)
      let (_, environment, assistant) = recipe.conversation(index)
      let bytes = PCM.encode(environment) + PCM.encode(assistant)
      #expect(bytes.count == record.blocks * 1_280 * 4)
      #expect(samples[offset..<offset + bytes.count] == bytes)
      offset += bytes.count
    }
    #expect(offset == samples.count)
  }

  @Test func `a duplex corpus holds everything that can happen`() throws {
    let recipe = try ToneTroupe.recipe(.duplex, seed: 5)
    var counts: [String: Int] = [:]
    for index in 0..<300 {
      for event in recipe.conversation(index).record.events {
        let by = event.by.map { " \($0.rawValue)" } ?? ""
        counts["\(event.kind.rawValue) \(event.type)\(by)", default: 0] += 1
      }
    }
    for (name, least) in [
      ("turn question user", 200), ("turn digits user", 15), ("turn related user", 10),
      ("turn related third", 10), ("pause hesitation user", 40), ("barge-in direct user", 10),
      ("barge-in direct third", 10), ("barge-in related user", 10), ("barge-in related third", 10),
      ("distractor backchannel user", 30), ("distractor unrelated third", 15),
      ("distractor silence", 5), ("idle silence", 5),
    ] {
      #expect(counts[name, default: 0] >= least, "\(name): \(counts[name, default: 0])")
    }
  }

  @Test(arguments: [Scene.directThird, .backchannel, .pause, .relatedUser])
  func `a test set of one scene holds nothing else`(_ scene: Scene) throws {
    var recipe = try ToneTroupe.recipe(.duplex, seed: 6)
    recipe.scene = scene
    for index in 0..<20 {
      let kinds = Set(recipe.conversation(index).record.events.map(\.kind))
      switch scene {
      case .pause: #expect(kinds == [.pause, .turn])
      case .backchannel: #expect(kinds.isSubset(of: [.distractor, .turn]))
      default: #expect(kinds.contains(.bargeIn))
      }
    }
  }

  @Test func `every utterance occurs before one occurs twice`() throws {
    let recipe = try ToneTroupe.recipe(.asr, seed: 7)
    let count = recipe.troupe.users.utterances.count
    var spoken: [String: Int] = [:]
    for index in 0..<count {
      let speech = try #require(recipe.conversation(index).record.user.first)
      spoken["\(speech.speaker) \(speech.text)", default: 0] += 1
    }
    var wanted: [String: Int] = [:]
    for utterance in recipe.troupe.users.utterances {
      wanted["\(utterance.speaker.id) \(utterance.text)", default: 0] += 1
    }
    #expect(spoken == wanted)
  }

  @Test func `a corpus of one engine has its speakers only`() throws {
    let all = try ToneTroupe.shared.get()
    let people = all.users.utterances.map { utterance in
      var moved = utterance
      if moved.speaker.voice == "digits" { moved.speaker.engine = "people" }
      return moved
    }
    let bank = VoiceBank(split: .train, utterances: people, samples: Data(count: 100_000_000))
    let troupe = try Troupe(users: bank, assistant: all.assistant, engine: "people")
    for kind in [CorpusKind.asr, .qa] {
      let recipe = CorpusRecipe(kind: kind, troupe: troupe, seed: 1)
      for index in 0..<20 {
        let speech = recipe.conversation(index).record.user
        #expect(!speech.isEmpty && speech.allSatisfy { $0.engine == "people" })
      }
    }
    #expect(throws: ScenarioError.self) {
      try Troupe(users: bank, assistant: all.assistant, engine: "nobody")
    }
    // People say digits and ask nothing.
    var recital = CorpusRecipe(kind: .duplex, troupe: troupe, seed: 2)
    recital.scene = .digits
    let record = recital.conversation(0).record
    #expect(record.user.map(\.engine) == ["people"] && record.events.count == 1)
  }

  @Test func `a corpus is read as it was written`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(throws: ScenarioError.self) { try CorpusReader(folder: folder) }
    let recipe = try ToneTroupe.recipe(.duplex, seed: 6)
    let names = (0..<2).map(CorpusHeader.name(ofShard:))
    for (shard, name) in names.enumerated() {
      try recipe.shard(2 * shard..<2 * shard + 2).write(name: name, in: folder)
    }
    try CorpusHeader(seed: 6, kind: "duplex", split: .train, conversations: 4, shards: names)
      .write(to: folder)
    let reader = try CorpusReader(folder: folder)
    #expect(reader.records.count == 4)
    for index in 0..<4 {
      let (record, environment, _) = recipe.conversation(index)
      #expect(reader.records[index].id == record.id)
      #expect(PCM.encode(reader.environment(index)) == PCM.encode(environment))
    }
    try Data().write(to: folder.appending(path: "shard-00001.pcm"))
    #expect(throws: ScenarioError.self) { try CorpusReader(folder: folder) }
  }
}
