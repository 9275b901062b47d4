import ArgumentParser

/// How much is done at a time.
struct JobOptions: ParsableArguments {
  @Option(help: "How much is made at a time: batches, shards or conversations.")
  var jobs = 2

  func validate() throws { try expectPositive(("--jobs", jobs)) }
}

/// How the assistant speaks.
struct AssistantOptions: ParsableArguments {
  @Option(help: "A Python with hibari-tts, whose voice the assistant's is.")
  var python = "python3"

  @OptionGroup var work: JobOptions
}
