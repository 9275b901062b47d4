import ArgumentParser
import Dataflow
import Duplex

/// `omni replay`: runs a recorded session again and compares every digest.
struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Run a recorded session again and compare every block.",
    discussion: """
      Exit status 0 where every digest of every stage repeats and assistant.wav is what the \
      journal says; otherwise 1, with the first block and stage that differ.
      """)

  @Argument(help: "The session's folder.", completion: .directory)
  var session: String

  @OptionGroup var model: ModelOptions

  @Option(help: "What it runs on: live, one-thread, simulation or random:SEED.")
  var schedule = ReplaySchedule.oneThread

  @Flag(help: "Run it on the simulation, on one thread and on the live plan.")
  var all = false

  func run() async throws {
    let replay = try SessionReplay(folder: session)
    guard !replay.blocks.isEmpty else {
      throw CommandFailure(
        "\(session): the session holds no whole block; there is nothing to repeat")
    }
    let loaded = try model.load(
      seed: replay.configuration.seed, threads: max(1, min(256, replay.journal.header.threads)))
    if let note = ReplayReport.incomplete(replay.journal) { print(note) }
    var repeats = true
    for schedule in all ? ReplaySchedule.all : [schedule] {
      let verdict = try await replay.run(loaded.model, on: schedule.plan)
      for line in ReplayReport.lines(verdict, on: schedule) { print(line) }
      repeats = repeats && verdict.repeats
    }
    if let divergence = try replay.checkAssistantRecording() {
      print("assistant.wav is not what the journal says was put out: \(divergence)")
      repeats = false
    } else {
      print("assistant.wav is what the journal says was put out")
    }
    if !repeats { throw ExitCode.failure }
  }
}
