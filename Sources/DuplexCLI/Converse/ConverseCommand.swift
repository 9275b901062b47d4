import ArgumentParser
import AudioIO
import Dataflow
import Duplex
import Foundation
import SpeechModel

/// `omni converse`: a sound file in, the assistant's side of the conversation out.
struct ConverseCommand: AsyncParsableCommand {
  enum Pace: String, CaseIterable, ExpressibleByArgument {
    case realtime
    case fast
  }

  static let configuration = CommandConfiguration(
    commandName: "converse",
    abstract: "Hold a conversation from a sound file to a sound file.",
    discussion: """
      OUT has as many samples as IN lasts at the model's rate, and is in time with it: what is \
      heard in a moment of IN is answered in the same moment of OUT. Played side by side they are \
      the conversation.
      """)

  @Argument(help: "What is heard: WAV, FLAC, Ogg; any rate and channels.", completion: .file())
  var input: String

  @Option(name: .shortAndLong, help: "The new sound file (.wav, .flac, .ogg).", completion: .file())
  var output: String

  @OptionGroup var model: ModelOptions
  @OptionGroup var sampling: SamplingOptions

  @Option(help: "Record the session into this folder.", completion: .directory)
  var record: String?

  @Option(help: "Seconds of silence after the input, for the answer to be spoken in.")
  var tail: Double = 0

  @Option(help: "As fast as it goes, or as time goes: fast, realtime.")
  var pace = Pace.fast

  @Flag(help: "Replace OUT where it exists.")
  var overwrite = false

  @Flag(help: "Print the transcript and the figures as JSON.")
  var json = false

  func validate() throws {
    if !(0...86_400).contains(tail) { throw ValidationError("--tail takes 0 to 86400 seconds.") }
    let files = [input, output].map { URL(filePath: $0).resolvingSymlinksInPath() }
    if files[0] == files[1] { throw ValidationError("OUT is IN; name another file.") }
  }

  func run() async throws {
    let silence = Duration.seconds(tail)
    let source = try FileSource(
      input, trailingSilence: silence, pacedBy: pace == .realtime ? ContinuousClock() : nil)
    let loaded = try model.load(seed: sampling.seed)
    let rate = loaded.model.sampleRate
    let sink = try TimedFileSink(
      output, sampleRate: rate,
      samples: source.duration.map { Int((($0 + silence) / .seconds(1) * Double(rate)).rounded()) },
      overwriting: overwrite)
    let session: DuplexSession
    do {
      session = try DuplexSession(
        model: loaded.model, configuration: sampling.configuration(model.choice), source: source,
        sink: sink, recordingTo: record)
    } catch {
      // Nothing was said yet.
      sink.discard()
      throw error
    }
    let stop = SignalStop { session.stop() }
    defer { stop.end() }

    let log = Protected(ConversationLog(sampleRate: rate, unspelled: loaded.unspelled))
    let isSpeaking = Protected(false)
    let start = ContinuousClock.now
    let summary = try await session.run { report in
      let lines = log.withLock { $0.take(report.record, report.events) }
      isSpeaking.withLock { $0 = report.record.state == .speaking }
      if !json { for line in lines { print(line) } }
    }
    let figures = SessionFigures(
      summary, transcript: log.withLock { $0.transcript }, model: loaded.model.manifest.name,
      elapsed: ContinuousClock.now - start)
    print(json ? figures.json : "\n" + figures.text)
    if isSpeaking.withLock({ $0 }) {
      Messages.note("an answer was going on at the end; --tail SECONDS gives it time")
    }
  }
}
