import Dataflow
import Foundation
import Scenarios
import Testing

private func isInstalled(_ program: String) -> Bool {
  FileManager.default.isExecutableFile(atPath: "/usr/bin/\(program)")
}

@Suite struct VoicesTests {
  @Test(
    .enabled(if: isInstalled("espeak-ng") && isInstalled("flite"), "needs espeak-ng and flite"),
    arguments: [
      Speaker(engine: "espeak-ng", voice: "en-us+f2", pitch: 60, rate: 1.1, warp: 1.05),
      Speaker(engine: "flite", voice: "slt"),
    ])
  func `an installed synthesizer says sentences, trimmed and at one level`(
    _ speaker: Speaker
  ) throws {
    let texts = ["what is seven plus five", "stop", "tell me a story about a king"]
    let requests = texts.map { SpeechRequest(speaker: speaker, text: $0, ending: ".") }
    let spoken = try CommandVoices().speak(requests)
    #expect(spoken.count == 3)
    for samples in spoken {
      let range = try #require(VoiceLevel.audibleRange(samples))
      #expect(range.lowerBound <= 160 && range.upperBound >= samples.count - 160)
      #expect(abs(VoiceLevel.rms(samples[...]) / VoiceLevel.rms - 1) < 0.1)
    }
    #expect(spoken[1].count < spoken[0].count && spoken[0].count < 16_000 * 4)
    #expect(try CommandVoices().speak(requests) == spoken)
  }

  /// The stand-in for a Python with the engines: it writes down its lines and leaves one sound.
  @Test(arguments: [
    ("pico", ["voice", "1.25", "0.5"]), ("rhvoice", ["voice", "1.25", "0.5"]),
    ("hibari", ["voice", "1.25"]), ("kokoro", ["voice", "1.25"]),
  ])
  func `an engine of Python gets file, voice, speed, pitch and text`(
    _ engine: String, _ settings: [String]
  ) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (sound, asked) = (folder.appending(path: "tone.wav"), folder.appending(path: "asked"))
    let tone = PCM.encode((0..<4_000).map { Float(0.4 * sin(Double($0))) })
    try wave(tone, rate: 16_000).write(to: sound)
    let python = folder.appending(path: "python")
    try Data(
      """
      #!/bin/sh
      test -f "$1"
      tee '\(asked.path)' | while read -r name rest; do cp '\(sound.path)' "$name"; done

      """.utf8
    ).write(to: python)
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: python.path)
    // The warp of 2 takes half of the speed and of the pitch back.
    let speaker = Speaker(engine: engine, voice: "voice", pitch: 100, rate: 2.5, warp: 2)
    let spoken = try CommandVoices(python: python.path).speak(
      ["stop", "go on"].map { SpeechRequest(speaker: speaker, text: $0, ending: ".") })
    #expect(spoken.count == 2)
    for samples in spoken { #expect((1_900...2_001).contains(samples.count)) }
    let lines = try String(contentsOf: asked, encoding: .utf8).split(separator: "\n")
    let common = settings.joined(separator: "\t")
    #expect(lines == ["0.wav\t\(common)\tstop.", "1.wav\t\(common)\tgo on."])
  }

  @Test func `an unknown engine and an odd text are refused`() {
    let speaker = Speaker(engine: "espeak-ng", voice: "en-us")
    #expect(throws: ScenarioError.self) {
      try CommandVoices().speak([SpeechRequest(speaker: speaker, text: "a; rm")])
    }
    #expect(throws: ScenarioError(.missing, "nobody", "is no known synthesizer")) {
      try CommandVoices().speak([
        SpeechRequest(speaker: Speaker(engine: "nobody", voice: ""), text: "hello")
      ])
    }
  }

  @Test func `people's digits are joined with gaps between them`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // A recording of 8 kHz: 0.25 s of a tone.
    let tone = PCM.encode((0..<2_000).map { Float(0.4 * sin(Double($0))) })
    for digit in [3, 5] {
      try wave(tone, rate: 8_000).write(to: folder.appending(path: "\(digit)_ann_9.wav"))
    }
    let voice = DigitRecordings(folder: folder, takes: 9...9)
    let speaker = Speaker(engine: "people", voice: "ann")
    let spoken = try voice.speak([
      SpeechRequest(speaker: speaker, text: "three five three", seed: 1)
    ])[0]
    let range = 12_660...16_800
    #expect(range.contains(spoken.count))
    #expect(throws: ScenarioError(.missing, "hello", "people recorded digits only")) {
      try voice.speak([SpeechRequest(speaker: speaker, text: "hello")])
    }
  }

  private func wave(_ samples: Data, rate: UInt32) -> Data {
    func bytes<Value: FixedWidthInteger>(_ value: Value) -> Data {
      withUnsafeBytes(of: value.littleEndian) { Data($0) }
    }
    return Data("RIFF".utf8) + bytes(UInt32(36 + samples.count)) + Data("WAVEfmt ".utf8)
      + bytes(UInt32(16)) + bytes(UInt16(1)) + bytes(UInt16(1)) + bytes(rate) + bytes(2 * rate)
      + bytes(UInt16(2)) + bytes(UInt16(16)) + Data("data".utf8) + bytes(UInt32(samples.count))
      + samples
  }

  @Test func `a bank on disk gives back what was said, also joined`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let plan = VoiceBankPlan(world: try World.builtIn(), split: .train)
    let writer = try VoiceBankWriter(folder: folder, split: .train, seed: 1)
    for index in 0..<2 {
      var random = SplitMix64(seed: 1, item: index)
      let lines = plan.lines(
        of: Speaker(engine: "tones", voice: "\(index)"), using: &random)
      let spoken = try ToneVoice().speak(lines.map(\.request))
      try writer.append(Array(zip(lines, spoken)))
    }
    try writer.finish()
    let bank = try VoiceBank(folder: folder)
    #expect(bank.utterances.count == writer.utteranceCount)
    let joined = try VoiceBank(joining: [bank, bank])
    #expect(joined.utterances.count == 2 * bank.utterances.count)
    for (place, utterance) in bank.utterances.enumerated() {
      #expect(VoiceLevel.audibleRange(bank.samples(of: utterance)) != nil)
      let twin = joined.utterances[bank.utterances.count + place]
      #expect(joined.samples(of: twin) == bank.samples(of: utterance))
      guard let after = utterance.after else { continue }
      #expect(bank.utterances[after].speaker == utterance.speaker)
      #expect(bank.utterances[after].exchange == utterance.exchange)
      #expect(twin.after == after + bank.utterances.count)
    }
  }

  @Test func `a folder without a bank gets a clear error`() {
    #expect(throws: ScenarioError.self) {
      try VoiceBank(folder: URL(filePath: "/nonexistent"))
    }
  }
}
