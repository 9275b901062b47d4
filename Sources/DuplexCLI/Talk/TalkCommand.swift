import ArgumentParser
import AudioIO
import Dataflow
import Duplex
import Foundation
import SpeechModel

/// `omni talk`: a live conversation.
struct TalkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "talk",
    abstract: "Talk with the model through microphone and loudspeaker.",
    discussion: """
      Sound goes through PulseAudio or PipeWire. Ctrl-C ends the conversation and leaves the \
      recording whole; a second one ends at once. With --record DIR the session can be repeated \
      by 'omni replay DIR', with the same --model if one was named.
      """)

  @OptionGroup var devices: DeviceOptions
  @OptionGroup var model: ModelOptions
  @OptionGroup var sampling: SamplingOptions

  @Option(help: "Record the session into this folder.", completion: .directory)
  var record: String?

  @Option(help: "End after so many seconds.")
  var duration: Double?

  @Flag(help: "Print plain lines in place of the moving view.")
  var plain = false

  func validate() throws {
    if let duration, !(duration > 0 && duration <= 604_800) {
      throw ValidationError("--duration takes more than 0 and at most 604800 seconds.")
    }
  }

  func run() async throws {
    if model.model == nil && model.choice.isSeeded {
      throw CommandFailure(
        "this build has no model; name one with --model FOLDER, or hear noise with --model seeded")
    }
    // First, because it is quick to fail.
    let names = try await devices.check()
    let loaded = try model.load(seed: sampling.seed)
    try await ModelProbe.warmUp(loaded.model)

    // Recording starts with the microphone: what is said while a model loads is not heard late.
    let speaker = try await Speaker(
      sampleRate: loaded.model.sampleRate, device: devices.sink, server: devices.server)
    let microphone = try await Microphone(device: devices.source, server: devices.server)
    let session = try DuplexSession(
      model: loaded.model, configuration: sampling.configuration(model.choice),
      source: microphone, sink: speaker, recordingTo: record)

    let setting = ConversationState.Setting(
      model: loaded.model.manifest.name, sampleRate: loaded.model.sampleRate,
      source: names.source, sink: names.sink, recording: record)
    let (summary, transcript, elapsed) = try await converse(session, loaded, setting)
    print(
      SessionFigures(
        summary, transcript: transcript, model: setting.model, elapsed: elapsed
      ).text)
    if let record {
      let choice = model.model.map { " --model \($0)" } ?? ""
      print("recorded in \(record); omni replay \(record)\(choice) repeats it")
    }
  }

  private func converse(
    _ session: DuplexSession, _ loaded: LoadedModel, _ setting: ConversationState.Setting
  ) async throws -> (SessionSummary, Transcript, Duration) {
    let ending = Ending()
    let end: @Sendable () -> Void = {
      ending.begin()
      session.stop()
    }
    let terminal = plain ? nil : Terminal()
    let stop = SignalStop(atOnce: { terminal?.close() }, end)
    defer { stop.end() }

    // The runtime hands a report over and goes on: a view that is held up misses some.
    let (inlet, reports) = makeInlet(
      of: BlockReport.self, name: EdgeName("view"), capacity: 64)
    let blocks = duration.map { max(1, Int(($0 / 0.08).rounded(.up))) }
    let state = ConversationState(setting, unspelled: loaded.unspelled)
    let log = ConversationLog(sampleRate: setting.sampleRate, unspelled: loaded.unspelled)
    let thread = ThreadExecutor(name: "view")
    defer { thread.stop() }

    return try await withThrowingTaskGroup(of: Transcript.self) { group in
      group.addTask(name: "view", executorPreference: thread) {
        var view: any ConversationView =
          if let terminal {
            ScreenView(terminal, state, isEnding: { ending.hasBegun })
          } else {
            PlainView(log)
          }
        // It sees the conversation to its end; the inlet ends it.
        while let arrival = try? await reports.receive() {
          view.take(arrival.element, missed: arrival.droppedBefore)
        }
        return view.finish()
      }
      let start = ContinuousClock.now
      let result: Result<SessionSummary, any Error>
      do {
        result = .success(
          try await session.run { report in
            inlet.put(report)
            if let blocks, report.record.block.position + 1 == blocks { end() }
          })
      } catch {
        result = .failure(error)
      }
      let elapsed = ContinuousClock.now - start
      inlet.finish()
      let transcript = try await group.next() ?? Transcript()
      return (try result.get(), transcript, elapsed)
    }
  }
}

/// Whether a conversation is ending: asked by the view, said by a signal.
private final class Ending: Sendable {
  private let flag = Protected(false)

  var hasBegun: Bool { flag.withLock { $0 } }

  func begin() { flag.withLock { $0 = true } }
}
