import ArgumentParser
import AudioIO
import Evaluation
import Foundation
import Scenarios

/// `omni evaluate`: the measures of scripted conversations.
struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a model in scripted conversations.",
    discussion: """
      Each folder is a corpus of 'Tools/make-corpus mix'. The model runs in the conversation's \
      room, block by block, on the dataflow that is used live; with --echo it hears itself. The \
      windows are: an answer begins from 0.16 s before to 1.5 s after the end of speech; an \
      interrupted one ends within 1.0 s of the phrase's end, with 2 s or more left to say; what \
      is under -50 dB of full scale in 10 ms is not heard.
      """)

  @Argument(help: "Folders of conversations.", completion: .directory)
  var folders: [String]

  @OptionGroup var model: ModelOptions

  @Option(help: "The most conversations of each folder.")
  var count = 200

  @Option(
    help: "The factor of the assistant's own sound in the microphone, 0 to 1; corpora without echo."
  )
  var echo: Double?

  @Flag(help: "Start answers where the script does, to measure them apart from turn-taking.")
  var givenTurns = false

  @Option(help: "How many conversations run at a time.")
  var jobs = 2

  @Option(help: "Write every answer as sound, with answers.jsonl, into this new folder.")
  var speech: String?

  @Option(help: "Write the tables into this JSON file.", completion: .file())
  var json: String?

  func validate() throws {
    if count < 1 { throw ValidationError("--count takes 1 or more.") }
    if !(1...64).contains(jobs) { throw ValidationError("--jobs takes 1 to 64.") }
    if let echo, !(0...1).contains(echo) { throw ValidationError("--echo takes 0 to 1.") }
    // Tables and sounds are told apart by the folders' last names.
    let names = folders.map { URL(filePath: $0).lastPathComponent }
    if Set(names).count < names.count || folders.count > 1 && names.contains("all") {
      throw ValidationError("Folders need names of their own, other than all.")
    }
  }

  func run() async throws {
    let loaded = try model.load(seed: 0, threads: 1)
    let answers = try speech.map { try AnswerFolder($0) }
    print(EvaluationReport.windows)
    var all = ConversationScores()
    var tables: [String: ScoreTable] = [:]
    for folder in folders {
      let start = ContinuousClock.now
      let corpus = try CorpusReader(folder: URL(filePath: folder))
      let evaluation = try CorpusEvaluation(
        corpus, model: loaded.model, echo: echo, givesTurns: givenTurns)
      let name = URL(filePath: folder).lastPathComponent
      var scores = ConversationScores()
      try await evaluation.run(count: count, jobs: jobs) { record, outcome in
        let before = scores.answers.count
        scores.note(record, outcome)
        try await answers?.write(Array(scores.answers[before...]), of: name, outcome.putOut)
      }
      all = all + scores
      tables[name] = ScoreTable(scores)
      let elapsed = (ContinuousClock.now - start) / .seconds(1)
      print(
        "\(name): \(scores.conversations) conversations, "
          + "\(ModelReport.decimal(scores.seconds / elapsed, 1)) times real time")
      EvaluationReport.lines(ScoreTable(scores)).forEach { print($0) }
      // A file or a pipe is told at once: a folder takes minutes.
      fflush(nil)
    }
    if folders.count > 1 {
      tables["all"] = ScoreTable(all)
      print("all")
      EvaluationReport.lines(ScoreTable(all)).forEach { print($0) }
    }
    if let json { try EvaluationReport.json(tables).write(to: URL(filePath: json)) }
  }
}
