import ArgumentParser
import Dataflow
import Foundation
import Scenarios

/// Speaks every answer that banks of users ask for.
struct AssistantVoiceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "assistant-voice",
    abstract: "Speak the answers to everything that banks of users ask.")

  @Argument(help: "The new bank's folder.", completion: .directory)
  var folder: String

  @Argument(help: "The users' banks.", completion: .directory)
  var banks: [String]

  @OptionGroup var speaking: AssistantOptions

  func run() async throws {
    let world = try World.builtIn()
    var texts: Set<String> = []
    for bank in banks {
      for utterance in try VoiceBank(folder: URL(filePath: bank)).utterances {
        if let answer = utterance.exchange?.answer { texts.insert(answer) }
      }
    }
    let speaker = world.rules.assistantSpeaker
    let lines = texts.sorted().map { text in
      (
        utterance: Utterance(speaker: speaker, kind: .answer, text: text),
        request: SpeechRequest(speaker: speaker, text: text)
      )
    }
    let (batch, python) = (100, speaking.python)
    let writer = try VoiceBankWriter(folder: URL(filePath: folder), split: .train, seed: 0)
    try await inOrder((lines.count + batch - 1) / batch, jobs: speaking.work.jobs) { index in
      let part = Array(lines[index * batch..<min(lines.count, (index + 1) * batch)])
      return Array(zip(part, try CommandVoices(python: python).speak(part.map(\.request))))
    } take: { _, spoken in
      try writer.append(spoken)
    }
    try writer.finish()
    print("\(folder): \(writer.utteranceCount) utterances, \(writer.sampleCount / 16_000) s")
  }
}
