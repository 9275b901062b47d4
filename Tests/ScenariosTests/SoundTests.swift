import Foundation
import Scenarios
import Testing

@Suite struct SoundTests {
  private func script() throws -> (Script, Troupe) {
    let troupe = try ToneTroupe.shared.get()
    let question = troupe[troupe.answerable[0]]
    let answer = try #require(troupe.answer(to: question))
    var script = Script(timing: TurnTiming())
    script.wait(0.5)
    script.answer(script.say(question), with: answer)
    script.wait(1)
    return (script, troupe)
  }

  @Test func `the echo is what was put out, later and scaled`() throws {
    let (script, troupe) = try script()
    var conditions = Conditions.clean
    let dry = Mixer(troupe: troupe).mix(script, conditions, seed: 1)
    conditions.echo = 0.5
    conditions.echoDelay = 2_000
    let wet = Mixer(troupe: troupe).mix(script, conditions, seed: 1)
    #expect(wet.assistant == dry.assistant)
    var worst: Float = 0
    for i in wet.environment.indices {
      let echo = i >= 2_000 ? 0.5 * dry.assistant[i - 2_000] : 0
      worst = max(worst, abs(wet.environment[i] - dry.environment[i] - echo))
    }
    #expect(worst < 1e-6)
  }

  @Test(arguments: [Conditions.Noise.white, .pink, .brown, .hum, .babble])
  func `noise has the level that is asked for`(_ noise: Conditions.Noise) throws {
    let (script, troupe) = try script()
    var conditions = Conditions.clean
    let dry = Mixer(troupe: troupe).mix(script, conditions, seed: 2)
    (conditions.noise, conditions.snr) = (noise, 20)
    let wet = Mixer(troupe: troupe).mix(script, conditions, seed: 2)
    let rest = zip(wet.environment, dry.environment).map { $0 - $1 }
    let found = 20 * log10(VoiceLevel.rms / VoiceLevel.rms(rest[...]))
    #expect(abs(found - 20) < 0.1, "\(found)")
  }

  @Test func `a room adds a tail and leaves the direct sound`() throws {
    let (script, troupe) = try script()
    var conditions = Conditions.clean
    let dry = Mixer(troupe: troupe).mix(script, conditions, seed: 3)
    conditions.room = 0.4
    let wet = Mixer(troupe: troupe).mix(script, conditions, seed: 3)
    let (start, end) = (script.lines[0].start, script.lines[0].end)
    #expect(wet.environment[start..<start + 16] == dry.environment[start..<start + 16])
    let early = VoiceLevel.rms(wet.environment[end + 160..<end + 800])
    let late = VoiceLevel.rms(wet.environment[end + 4_000..<end + 4_640])
    #expect(early > 0 && late < 0.3 * early)
  }

  @Test func `a telephone takes the low and the high away`() throws {
    let (script, troupe) = try script()
    var conditions = Conditions.clean
    (conditions.noise, conditions.snr) = (.white, 0)
    let full = Mixer(troupe: troupe).mix(script, conditions, seed: 4)
    conditions.band = .telephone
    let narrow = Mixer(troupe: troupe).mix(script, conditions, seed: 4)
    /// The amplitude at a frequency in the noise before anybody speaks.
    func level(_ samples: [Float], _ frequency: Double) -> Double {
      let part = samples[..<8_000]
      var (real, imaginary) = (0.0, 0.0)
      for (i, sample) in part.enumerated() {
        let angle = 2 * Double.pi * frequency * Double(i) / 16_000
        real += Double(sample) * cos(angle)
        imaginary += Double(sample) * sin(angle)
      }
      return (real * real + imaginary * imaginary).squareRoot()
    }
    for frequency in [80.0, 6_000] {
      #expect(
        level(narrow.environment, frequency) < 0.15 * level(full.environment, frequency))
    }
    #expect(level(narrow.environment, 1_000) > 0.7 * level(full.environment, 1_000))
  }

  @Test(arguments: [2.0, 0.7256, 1.1] as [Double])
  func `resampling keeps a tone's pitch and level`(_ ratio: Double) {
    let input = (0..<8_000).map { Float(sin(2 * Double.pi * 0.05 * Double($0))) }
    let output = Resampling.resample(input, ratio: ratio)
    #expect(output.count == Int((8_000 * ratio).rounded()))
    let step = 2 * Double.pi * 0.05 / ratio
    var worst: Float = 0
    for i in 400..<output.count - 400 {
      worst = max(worst, abs(output[i] - Float(sin(step * Double(i)))))
    }
    #expect(worst < 0.01)
  }

  @Test func `resampling down leaves nothing above the new limit`() {
    let input = (0..<8_000).map { Float(sin(2 * Double.pi * 0.4 * Double($0))) }
    let output = Resampling.resample(input, ratio: 0.5)
    #expect(VoiceLevel.rms(output[200..<3_800]) < 0.01)
  }

  @Test func `trimming keeps the audible part at one level`() {
    let silence = [Float](repeating: 0, count: 3_000)
    let tone = (0..<4_800).map { Float(0.3 * sin(Double($0))) }
    let trimmed = VoiceLevel.trimmed(silence + tone + silence)
    #expect(abs(trimmed.count - 4_800) <= 320)
    #expect(abs(VoiceLevel.rms(trimmed[...]) / VoiceLevel.rms - 1) < 0.05)
    #expect(VoiceLevel.trimmed(silence).isEmpty)
  }

  @Test func `a file that is no recording gets a clear error`() {
    let bytes = [UInt8](repeating: 7, count: 100)
    #expect(throws: ScenarioError(.malformed, "x.wav", "is no WAV file")) {
      try WaveFile(bytes: bytes, name: "x.wav")
    }
  }
}

@Suite struct EchoPathTests {
  @Test(arguments: 0..<6)
  func `an echo added block by block is that of the mix`(_ index: Int) throws {
    let troupe = try ToneTroupe.shared.get()
    var recipe = CorpusRecipe(kind: .duplex, troupe: troupe, seed: 9)
    recipe.echo = 0
    let (record, dry, assistant) = recipe.conversation(index)
    // A band limit changes all that is heard; the path has none.
    guard record.conditions.band == .full, !record.assistant.isEmpty else { return }
    recipe.echo = 0.7
    let wet = recipe.conversation(index).environment
    var added = dry
    let path = EchoPath(record.conditions, factor: 0.7, seed: record.seed)
    for block in 0..<record.blocks {
      let range = block * 1_280..<(block + 1) * 1_280
      path.add(Array(assistant[range]), at: range.lowerBound, to: &added)
    }
    #expect(zip(wet, dry).contains { $0 != $1 })
    #expect(zip(wet, added).allSatisfy { abs($0 - $1) < 1e-4 })
  }
}
