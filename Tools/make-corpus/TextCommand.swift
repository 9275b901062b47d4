import ArgumentParser
import Dataflow
import Foundation
import Scenarios

/// Prints questions and answers as text.
struct TextCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "text",
    abstract: "Print questions and answers, a tab between them.")

  @Option(help: "How many lines.")
  var count = 1_000

  @Option(help: "The split: train, valid or test.")
  var split: Split = .train

  @Option(help: "Where the random numbers start.")
  var seed: UInt64 = 1

  @Option(help: "Questions of this topic only, such as digits; may be given several times.")
  var topic: [String] = []

  @Flag(help: "Print the vocabulary instead, a word a line.")
  var vocabulary = false

  func validate() throws { try expectPositive(("--count", count)) }

  func run() throws {
    let world = try World.builtIn()
    guard !vocabulary else { return print(world.vocabulary.joined(separator: "\n")) }
    var random = SplitMix64(seed: seed, item: 0, purpose: "text-\(split.rawValue)")
    let topics = Set(topic)
    let unknown = topics.subtracting(world.topics).sorted()
    guard unknown.isEmpty else {
      let known = world.topics.sorted().joined(separator: ", ")
      throw ValidationError("There is no topic \(unknown[0]); there are \(known).")
    }
    var left = count
    while left > 0 {
      let exchange = world.anyExchange(split: split, using: &random)
      guard topics.isEmpty || topics.contains(exchange.topic) else { continue }
      print("\(exchange.question)\t\(exchange.answer)")
      left -= 1
    }
  }
}
