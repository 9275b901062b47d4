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

  @Flag(help: "Print the vocabulary instead, a word a line.")
  var vocabulary = false

  func run() throws {
    let world = try World.builtIn()
    guard !vocabulary else { return print(world.vocabulary.joined(separator: "\n")) }
    var random = SplitMix64(seed: seed, item: 0, purpose: "text-\(split.rawValue)")
    for _ in 0..<count {
      let exchange = world.anyExchange(split: split, using: &random)
      print("\(exchange.question)\t\(exchange.answer)")
    }
  }
}
