import ArgumentParser

/// Writes training and evaluation corpora of the world's conversations.
@main
struct MakeCorpus: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "make-corpus",
    abstract: "Write voice banks and corpora of scripted conversations.",
    discussion: """
      First a bank of users' voices and one of the assistant's (voices, assistant-voice), then corpora \
      mixed from them (mix), which need no synthesizer.
      """,
    subcommands: [
      VoicesCommand.self, AssistantVoiceCommand.self, CorpusCommand.self,
      TextCommand.self, AssistantLinesCommand.self, BenchCommand.self,
    ])
}

/// Refuses numbers of an option that are less than 1.
func expectPositive(_ options: (name: String, value: Int)...) throws {
  for option in options where option.value < 1 {
    throw ValidationError("\(option.name) takes 1 or more.")
  }
}
