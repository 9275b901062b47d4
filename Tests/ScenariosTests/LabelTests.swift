import Scenarios
import Testing

/// Labels against the sound, found again from its energy.
@Suite struct LabelTests {
  let block = 1_280

  private func clean(_ kind: CorpusKind, seed: UInt64) throws -> CorpusRecipe {
    var recipe = try ToneTroupe.recipe(kind, seed: seed)
    recipe.isClean = true
    return recipe
  }

  @Test(arguments: [1, 2] as [UInt64])
  func `the assistant sounds exactly where it is labelled`(_ seed: UInt64) throws {
    let recipe = try clean(.duplex, seed: seed)
    var yields = 0
    for index in 0..<60 {
      let (record, environment, assistant) = recipe.conversation(index)
      #expect(environment.count == record.blocks * block && assistant.count == environment.count)
      var labelled = [Bool](repeating: false, count: assistant.count)
      for speech in record.assistant {
        for i in speech.audioStart..<speech.audioEnd { labelled[i] = true }
        #expect(assistant[speech.audioStart..<speech.audioStart + 160].contains { abs($0) > 0.003 })
        let last = assistant[speech.audioEnd - 160..<speech.audioEnd]
        #expect(last.contains { abs($0) > 0.003 })
        guard speech.cause == .yield else { continue }
        yields += 1
        // The fade: the end of the 10 ms is far below their start.
        #expect(VoiceLevel.rms(last.suffix(16)) < 0.2 * VoiceLevel.rms(last.prefix(48)) + 0.003)
      }
      #expect(!zip(assistant, labelled).contains { $0 != 0 && !$1 })
    }
    #expect(yields > 10)
  }

  @Test(arguments: [3, 4] as [UInt64])
  func `the user's speech starts and ends where it is labelled`(_ seed: UInt64) throws {
    let recipe = try clean(.duplex, seed: seed)
    for index in 0..<40 {
      let (record, environment, _) = recipe.conversation(index)
      for speech in record.user {
        let isAlone = record.user.allSatisfy {
          $0 == speech || $0.end + 160 < speech.start || $0.start > speech.end + 160
        }
        guard isAlone else { continue }
        let from = max(0, speech.start - 160)
        let part = Array(environment[from..<min(environment.count, speech.end + 160)])
        let heard = try #require(VoiceLevel.audibleRange(part))
        #expect(abs(from + heard.lowerBound - speech.start) <= 160)
        #expect(abs(from + heard.upperBound - speech.end) <= 160)
      }
    }
  }

  @Test(arguments: [5, 6] as [UInt64])
  func `states change in the first block that is late enough`(_ seed: UInt64) throws {
    let recipe = try ToneTroupe.recipe(.duplex, seed: seed)
    let timing = recipe.timing
    for index in 0..<60 {
      let record = recipe.conversation(index).record
      var before = -1
      for (number, speech) in record.assistant.enumerated() {
        #expect(speech.shift > before)
        #expect(speech.back > speech.shift)
        before = speech.back
        let asked = record.user[speech.about]
        let response = asked.kind == .digits ? timing.digitsResponse : timing.response
        let wanted = asked.end + response
        #expect((speech.shift + 1) * block >= wanted)
        let isFirst = speech.shift * block < wanted
        let follows = number > 0 && record.assistant[number - 1].back + 1 == speech.shift
        #expect(isFirst || follows)
        #expect(speech.audioStart == (speech.shift + 1) * block)
        switch speech.cause {
        case .end:
          #expect(speech.audioEnd == speech.fullEnd)
          let ended = speech.fullEnd + timing.endResponse
          #expect(speech.back * block >= ended && (speech.back - 1) * block < ended)
        case .yield: #expect(speech.audioEnd == speech.back * block + timing.fade)
        case .none: Issue.record("every answer ends")
        }
      }
    }
  }

  @Test(arguments: [8] as [UInt64])
  func `a miss leaves the shift due until it comes, and moves what follows`(
    _ seed: UInt64
  ) throws {
    var recipe = try ToneTroupe.recipe(.duplex, seed: seed)
    recipe.misses = 0.5
    let timing = recipe.timing
    var late = (starts: 0, ends: 0, yields: 0, all: 0)
    for index in 0..<60 {
      let record = recipe.script(index)
      for speech in record.assistant {
        late.all += 1
        #expect(speech.audioStart == (speech.shift + 1) * block)
        #expect(speech.back < record.blocks)
        if let due = speech.due {
          late.starts += 1
          #expect((1...8).contains(speech.shift - due))
        }
        guard let due = speech.backDue else { continue }
        #expect((1...8).contains(speech.back - due))
        if speech.cause == .yield {
          late.yields += 1
          #expect(speech.audioEnd == speech.back * block + timing.fade)
        } else {
          late.ends += 1
          #expect(due == timing.back(fullEnd: speech.fullEnd))
        }
      }
    }
    #expect(late.starts > late.all / 3 && late.starts < 2 * late.all / 3)
    #expect(late.ends > 10 && late.yields > 5)
  }

  @Test(arguments: [7] as [UInt64])
  func `only interruptions end an answer, with two seconds left to say`(_ seed: UInt64) throws {
    let recipe = try ToneTroupe.recipe(.duplex, seed: seed)
    var positives = 0
    var negatives = 0
    for index in 0..<150 {
      let record = recipe.conversation(index).record
      var interrupted: Set<Int> = []
      for event in record.events where event.kind == .bargeIn {
        positives += 1
        interrupted.insert(event.assistant)
        let speech = record.assistant[event.assistant]
        #expect(speech.cause == .yield)
        #expect(speech.fullEnd - event.end >= 32_000)
        #expect(event.start > speech.audioStart)
        let wanted = event.end + recipe.timing.yieldResponse
        #expect((speech.back + 1) * block >= wanted && speech.back * block < wanted)
      }
      for event in record.events where event.kind == .distractor { negatives += 1 }
      for (place, speech) in record.assistant.enumerated() where !interrupted.contains(place) {
        #expect(speech.cause == .end)
      }
      for event in record.events where event.kind == .pause {
        #expect((6_400...16_000).contains(event.end - event.start))
        #expect(
          !record.assistant.contains { speech in
            (event.start..<event.end).contains(speech.shift * block)
          })
      }
    }
    #expect(positives > 40 && negatives > 40)
  }
}
