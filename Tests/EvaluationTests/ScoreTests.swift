import Dataflow
import Duplex
import Evaluation
import Foundation
import Scenarios
import Testing

/// A question of 1 s from block 5 on, and its answer; hand-made, so that every time is known.
private struct Scene {
  static let block = 1_280
  var record: ConversationRecord
  var outcome: ConversationOutcome

  /// The model changes to speaking in the block `shift`, or stays silent, and back in `back`, with
  /// `yielded` samples that were made and not played.
  init(
    shift: Int?, text: String = "four.", back: Int? = 120, yielded: Int? = nil,
    events: [Happening] = []
  ) throws {
    let (start, end) = (5 * Self.block, 5 * Self.block + 16_000)
    record = try JSONDecoder().decode(
      ConversationRecord.self,
      from: Data(
        """
        {"id": "duplex-0", "seed": 1, "kind": "duplex", "offset": 0, "blocks": 140,
         "user": [{"speaker": "a", "engine": "tones", "voice": "a", "role": "user",
                   "kind": "question", "text": "two plus two", "start": \(start), "end": \(end),
                   "answer": "four."}],
         "assistant": [{"shift": 19, "text": "four.", "audioStart": \(22 * Self.block),
                        "audioEnd": \(120 * Self.block), "fullEnd": \(120 * Self.block),
                        "back": 120, "cause": "end", "about": 0}],
         "conditions": {"noise": "none", "echo": 0, "echoDelay": 1280, "room": 0, "band": "full",
                        "gain": 0, "userLevel": 0, "thirdLevel": 0},
         "events": [{"kind": "turn", "type": "question", "by": "user", "expected": "start",
                     "start": \(start), "end": \(end), "user": 0, "assistant": 0}]}
        """.utf8))
    record.events += try events.map { try $0.event() }
    var putOut = [Float](repeating: 0, count: 140 * Self.block)
    var answers: [Duplex.Utterance] = []
    if let shift {
      let last = min(back ?? 139, 120)
      for sample in (shift + 3) * Self.block..<max((shift + 3), last) * Self.block {
        putOut[sample] = sample % 2 == 0 ? 0.1 : -0.1
      }
      answers = [
        Duplex.Utterance(
          start: BlockIndex(shift), end: back.map { BlockIndex($0) }, text: text, yielded: yielded)
      ]
    }
    outcome = ConversationOutcome(answers: answers, putOut: putOut)
  }

  var scores: ConversationScores {
    var scores = ConversationScores()
    scores.note(record, outcome)
    return scores
  }
}

/// Something that is asked about, in blocks.
private struct Happening {
  var kind: String
  var type: String
  var expected: String
  var blocks: Range<Int>

  func event() throws -> ConversationRecord.Event {
    try JSONDecoder().decode(
      ConversationRecord.Event.self,
      from: Data(
        """
        {"kind": "\(kind)", "type": "\(type)", "by": "user", "expected": "\(expected)",
         "start": \(blocks.lowerBound * 1_280), "end": \(blocks.upperBound * 1_280), "user": -1,
         "assistant": 0}
        """.utf8))
  }
}

@Suite struct ScoreTests {
  @Test func `a turn is taken where the first sound is in the window`() throws {
    // The question ends at sample 22400: block 17.5. Sound of shift + 3 is heard a block later.
    for (shift, isTaken, isEarly) in [
      (8, false, true), (11, false, true), (12, true, false), (19, true, false),
      (31, true, false), (33, false, false),
    ] {
      let scores = try Scene(shift: shift).scores
      #expect(scores.turns.count == 1)
      #expect((scores.turns.hits == 1) == isTaken, "shift \(shift)")
      #expect((scores.early.hits == 1) == isEarly, "shift \(shift)")
    }
    let silent = try Scene(shift: nil).scores
    #expect(silent.turns.hits == 0 && silent.texts.hits == 0 && silent.texts.count == 1)
  }

  /// An answer from before the question that yields in the block `back`, or never, and the next.
  private func interrupted(back: Int?, shift: Int?) throws -> Scene {
    var scene = try Scene(shift: shift)
    for sample in 3 * Scene.block..<((back ?? 139) + 1) * Scene.block {
      scene.outcome.putOut[sample] = sample % 2 == 0 ? 0.1 : -0.1
    }
    scene.outcome.answers.insert(
      Duplex.Utterance(
        start: BlockIndex(0), end: back.map { BlockIndex($0) }, text: "one.", yielded: 20_000),
      at: 0)
    return scene
  }

  @Test(arguments: ["question", "related"])
  func `an answer that goes on into a question is no early start`(type: String) throws {
    // The question is blocks 5 to 17.5; what is decided in block 11 sounds from block 15 on.
    for (back, shift, isTaken, isEarly) in [
      (8, 19, true, false), (17, 19, true, false), (8, 11, false, true), (30, nil, false, false),
      (nil, nil, false, false),
    ] as [(Int?, Int?, Bool, Bool)] {
      var scene = try interrupted(back: back, shift: shift)
      scene.record.events[0].type = type
      let scores = scene.scores
      #expect(scores.turns.hits == (isTaken ? 1 : 0), "back \(back ?? -1), shift \(shift ?? -1)")
      #expect(scores.early.hits == (isEarly ? 1 : 0), "back \(back ?? -1), shift \(shift ?? -1)")
    }
  }

  @Test func `the first sound is timed where it is heard, one block after it was put out`() throws {
    let scores = try Scene(shift: 19).scores
    // Block 22 is put out, block 23 is when it sounds; the speech ends at block 17.5.
    #expect(scores.firstSound == [5.5 * 80])
  }

  @Test func `a text counts for all turns, and for those that were taken`() throws {
    let right = try Scene(shift: 19, text: " four.").scores
    #expect(right.texts.share == 1 && right.textsOfTaken.share == 1)
    let wrong = try Scene(shift: 19, text: "five.").scores
    #expect(wrong.texts.share == 0 && wrong.textsOfTaken.share == 0)
    let missed = try Scene(shift: 60).scores
    #expect(missed.texts.share == 0 && missed.textsOfTaken.share == nil)
    #expect(right.answers.first?.expected == "four." && missed.answers.isEmpty)
    #expect(right.answers.first?.start == 19 * Scene.block)
  }

  @Test func `texts are told apart by who spoke the question`() throws {
    var missed = try Scene(shift: 60)
    missed.record.user[0].engine = "bells"
    let sum = try Scene(shift: 19).scores + missed.scores
    #expect(sum.textsOfEngine.mapValues(\.share) == ["tones": 1, "bells": 0])
    let names = ScoreTable(sum).rows.map(\.name)
    #expect(names.contains("text correct, of all turns, bells"))
    #expect(try !ScoreTable(Scene(shift: 19).scores).rows.contains { $0.name.hasSuffix("tones") })
  }

  @Test func `a start in a hesitation counts`() throws {
    let pause = Happening(kind: "pause", type: "hesitation", expected: "none", blocks: 8..<16)
    #expect(try Scene(shift: 10, events: [pause]).scores.pauses.share == 1)
    #expect(try Scene(shift: 16, events: [pause]).scores.pauses.share == 1)
    #expect(try Scene(shift: 19, events: [pause]).scores.pauses.share == 0)
  }

  @Test func `a stop counts from the phrase's start to a second after its end`() throws {
    let phrase = Happening(kind: "barge-in", type: "direct", expected: "stop", blocks: 40..<48)
    for (back, stops) in [(40, true), (48, true), (59, true), (62, false), (119, false)] {
      let scores = try Scene(shift: 19, back: back, yielded: 20_000, events: [phrase]).scores
      #expect(scores.stops["direct stop"]?.hits == (stops ? 1 : 0), "back \(back)")
    }
    let scores = try Scene(shift: 19, back: 48, yielded: 20_000, events: [phrase]).scores
    // Decided at the end of block 48, silent 10 ms later; the phrase ends with block 47.
    #expect(scores.stopFromEnd == [90] && scores.stopFromOnset == [90 + 8 * 80])
    #expect(scores.contextIndependent.recall == 1)
  }

  @Test func `the natural end is no stop`() throws {
    let phrase = Happening(kind: "barge-in", type: "direct", expected: "stop", blocks: 40..<48)
    for yielded in [nil, 0, 2 * Scene.block] {
      let scores = try Scene(shift: 19, back: 50, yielded: yielded, events: [phrase]).scores
      #expect(scores.stops["direct stop"]?.hits == 0)
    }
  }

  @Test func `with less than 2 s to say nothing is judged`() throws {
    let late = Happening(kind: "barge-in", type: "direct", expected: "stop", blocks: 92..<97)
    let scores = try Scene(shift: 19, back: 99, yielded: 20_000, events: [late]).scores
    #expect(scores.stops.isEmpty && scores.notJudged == 1)
    let silent = Happening(kind: "barge-in", type: "direct", expected: "stop", blocks: 40..<48)
    #expect(try Scene(shift: nil, events: [silent]).scores.notJudged == 1)
  }

  @Test func `a stop in silence counts against the context-dependent precision`() throws {
    let silence = Happening(kind: "distractor", type: "silence", expected: "none", blocks: 23..<120)
    let stopped = try Scene(shift: 19, back: 70, yielded: 20_000, events: [silence]).scores
    #expect(stopped.stops["silence go on"]?.share == 1)
    #expect(try Scene(shift: 19, events: [silence]).scores.stops["silence go on"]?.share == 0)
  }

  @Test func `an answer to nobody is self-talk`() throws {
    var scene = try Scene(shift: 19)
    scene.outcome.answers.append(
      Duplex.Utterance(start: BlockIndex(130), end: nil, text: "yes.", yielded: nil))
    #expect(scene.scores.selfStarts == 1)
    #expect(try Scene(shift: 19).scores.selfStarts == 0)
    // Within 2 s of the user's last word, but that was answered already.
    var again = try Scene(shift: 19, back: 24)
    again.outcome.answers.append(
      Duplex.Utterance(start: BlockIndex(30), end: nil, text: "yes.", yielded: nil))
    #expect(again.scores.selfStarts == 1)
    let hourly = ScoreTable(again.scores).rows.first { $0.name == "starts without a user, an hour" }
    // The scene is 140 blocks of 80 ms: 11.2 s.
    #expect(abs((hourly?.value ?? 0) - 3_600 / 11.2) < 1e-6)
  }

  @Test func `precision, recall and F1 are those of the counts`() throws {
    var (wanted, unwanted) = (Tally(), Tally())
    for index in 0..<100 { wanted.note(index < 92) }
    for index in 0..<100 { unwanted.note(index < 18) }
    let f1 = F1(wanted: wanted, unwanted: unwanted)
    #expect(f1.recall == 0.92)
    #expect(abs((f1.precision ?? 0) - 92.0 / 110) < 1e-9)
    #expect(abs((f1.value ?? 0) - 2 * 92.0 / 110 * 0.92 / (92.0 / 110 + 0.92)) < 1e-9)
    #expect(f1.count == 200)
    #expect(F1(wanted: Tally(), unwanted: unwanted).value == nil)
    // Where nothing could be wrong, precision and F1 say nothing.
    let alone = F1(wanted: wanted, unwanted: Tally())
    #expect(alone.recall == 0.92 && alone.precision == nil && alone.value == nil)
  }

  @Test func `each F1 rests on its own events`() throws {
    func happening(_ kind: String, _ type: String, _ expected: String) -> Happening {
      Happening(kind: kind, type: type, expected: expected, blocks: 40..<48)
    }
    let direct = happening("barge-in", "direct", "stop")
    let related = happening("barge-in", "related", "stop")
    let backchannel = happening("distractor", "backchannel", "none")
    func rows(_ events: [Happening]) throws -> [String: Int] {
      let table = try ScoreTable(Scene(shift: 19, events: events).scores)
      return Dictionary(uniqueKeysWithValues: table.rows.map { ($0.name, $0.count) })
    }
    let counts = try rows([direct, related, backchannel, backchannel])
    #expect(counts["barge-in, context-independent F1"] == 3)
    #expect(counts["barge-in, overall F1"] == 4)
    #expect(counts["barge-in, context-dependent F1"] == nil)
    #expect(try rows([direct]).keys.allSatisfy { !$0.hasPrefix("barge-in") })
  }

  @Test func `scores of two folders add up`() throws {
    let (first, second) = (try Scene(shift: 19).scores, try Scene(shift: nil).scores)
    let sum = first + second
    #expect(sum.turns.hits == 1 && sum.turns.count == 2 && sum.conversations == 2)
    let table = ScoreTable(sum)
    #expect(table.rows.first { $0.name == "turn-taking success" }?.value == 50)
    let early = table.rows.first { $0.name == "turns taken too early" }
    #expect(early?.value == 0 && early?.count == 2)
  }
}
