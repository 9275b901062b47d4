import ArgumentParser

/// Writes training and evaluation corpora of the world's conversations.
@main
struct MakeCorpus: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "make-corpus",
    abstract: "Write voice banks and corpora of scripted conversations.",
    discussion: """
      First a bank of users' voices and one of the assistant's (voices, assistant-voice), then corpora mixed from \
      them (mix), which need no synthesizer.
      """,
    subcommands: [
      VoicesCommand.self, AssistantVoiceCommand.self, CorpusCommand.self,
      TextCommand.self, AssistantLinesCommand.self, BenchCommand.self,
    ])
}
