import ArgumentParser

/// How the assistant speaks.
struct AssistantOptions: ParsableArguments {
  @Option(help: "A Python with hibari-tts, where the assistant's voice is hibari's.")
  var python = "python3"

  @OptionGroup var work: JobOptions
}
