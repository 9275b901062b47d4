import ArgumentParser

/// The command `omni`: parses and prints, nothing else.
@main
struct OmniCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "omni",
    abstract: "A speech language model that listens and speaks at the same time.",
    version: "0.1.0",
    subcommands: [
      TalkCommand.self, ConverseCommand.self, ReplayCommand.self, DevicesCommand.self,
      DoctorCommand.self, ViewCommand.self, ModelCommand.self, EvaluateCommand.self,
    ])
}
