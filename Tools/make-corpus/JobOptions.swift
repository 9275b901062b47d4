import ArgumentParser

/// How much is done at a time.
struct JobOptions: ParsableArguments {
  @Option(help: "How much is made at a time: batches, shards or conversations.")
  var jobs = 2

  func validate() throws { try expectPositive(("--jobs", jobs)) }
}
