import ArgumentParser
import Duplex

/// Which model, and on how many threads.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A model bundle; or 'seeded': a tiny model with random weights, which says noise.",
      discussion: "Without it the shipped model is used. 'seeded:N' draws other weights."),
    completion: .directory)
  var model: String?

  @Option(help: "Threads that share the work of a part; large models want more than the usual one.")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...256).contains(threads) {
      throw ValidationError("--threads takes 1 to 256.")
    }
  }

  var choice: ModelChoice { ModelChoice(model) }

  /// Loads the model, and says on stderr where it will only say noise.
  ///
  /// Usually on one thread: a small model's block takes 8 ms on one and 6 on two where the machine is
  /// idle, but 20 and 45 where other work keeps both cores busy, with 98 ms at most against 260,
  /// because two threads wait for each other hundreds of times a block.
  func load(seed: UInt64, threads usual: Int = 1) throws -> LoadedModel {
    if choice.isSeeded {
      Messages.note("the model is a tiny one with random weights: what it says is noise")
    }
    return try choice.load(seed: seed, threads: threads ?? usual)
  }
}

/// How tokens are drawn.
struct SamplingOptions: ParsableArguments {
  @Option(help: "Where every sequence of random draws starts.")
  var seed: UInt64 = 0

  @Option(
    help: "Divides the logits; 0 takes the most probable token. Default: 0, and 1 for 'seeded'.")
  var temperature: Float?

  func validate() throws {
    if let temperature, !(temperature >= 0 && temperature.isFinite) {
      throw ValidationError("--temperature takes 0 or more.")
    }
  }

  func configuration(_ choice: ModelChoice) -> DuplexConfiguration {
    var configuration = DuplexConfiguration()
    configuration.seed = seed
    configuration.temperature = temperature ?? (choice.isSeeded ? 1 : 0)
    return configuration
  }
}
