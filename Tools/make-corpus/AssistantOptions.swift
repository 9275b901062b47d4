import ArgumentParser

/// How the assistant speaks.
struct AssistantOptions: ParsableArguments {
  @Option(help: "A Python with hibari-tts, whose voice the assistant's is.")
  var python = "python3"

  @OptionGroup var work: JobOptions
}
