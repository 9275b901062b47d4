public import AudioIO
public import Dataflow
import Kernels
import SpeechModel

/// A conversation: a model between a source and a sink of sound.
///
/// ```swift
/// let session = try DuplexSession(model: model, source: microphone, sink: speaker)
/// let summary = try await session.run { report in show(report) }
/// ```
///
/// It runs until the source ends or ``stop()`` is called. What was put out is then played; sound
/// that was made ahead, for blocks that never came, is not.
public final class DuplexSession: Sendable {
  private let model: DuplexModel
  private let configuration: DuplexConfiguration
  private let source: any AudioSource
  private let sink: any AudioSink
  private let recording: SessionRecording?
  private let isStopped = Protected(false)

  /// Prepares a session; nothing runs yet.
  ///
  /// - Parameters:
  ///   - model: The model; it stays as it is.
  ///   - configuration: What may be chosen.
  ///   - source: Where blocks of the environment come from, 16 kHz.
  ///   - sink: Where blocks of the assistant go, at the model's rate.
  ///   - folder: Where to record the session; there must be no session yet.
  /// - Throws: ``DuplexError`` where a setting does not fit; `RecordingError`.
  public init(
    model: DuplexModel, configuration: DuplexConfiguration = DuplexConfiguration(),
    source: any AudioSource, sink: any AudioSink, recordingTo folder: String? = nil
  ) throws {
    try configuration.check(model)
    guard sink.sampleRate == model.sampleRate else {
      throw DuplexError(
        .configuration,
        reason: "the sink takes \(sink.sampleRate) Hz; the model speaks at \(model.sampleRate) Hz")
    }
    (self.model, self.configuration) = (model, configuration)
    (self.source, self.sink) = (source, sink)
    if let folder {
      let folder = SessionFolder(path: folder)
      try folder.create()
      recording = SessionRecording(
        folder: folder, header: try model.journalHeader(configuration),
        rates: model.rates)
    } else {
      recording = nil
    }
  }

  /// Ends the input; what was put out is played and the session returns.
  ///
  /// From any thread.
  public func stop() {
    isStopped.withLock { $0 = true }
    source.close()
  }

  /// Runs the conversation.
  ///
  /// - Parameters:
  ///   - plan: What runs where; nil for the plan that suits the model's delay.
  ///   - stopwatch: Measures the timings; nil for the system's clock.
  ///   - observer: Called for each block when it is through, on the playback stage: it must be
  ///     quick and must not wait.
  /// - Returns: What the session amounted to.
  /// - Throws: ``DuplexError`` with the stage that failed; `CancellationError`. What was recorded
  ///   until then is whole.
  public func run(
    on plan: ExecutorPlan? = nil, stopwatch: Stopwatch? = nil,
    observer: (@Sendable (BlockReport) -> Void)? = nil
  ) async throws -> SessionSummary {
    try await run(
      on: plan, instruments: Instruments(stopwatch: stopwatch ?? Stopwatch(ContinuousClock())),
      observer: observer)
  }

  package func run(
    on plan: ExecutorPlan? = nil, instruments: Instruments, capacity: Int = 1,
    observer: (@Sendable (BlockReport) -> Void)? = nil
  ) async throws -> SessionSummary {
    let graph = try Graph(
      model: model, configuration: configuration, source: source, sink: sink, recording: recording,
      instruments: instruments, capacity: capacity, observer: observer)
    do {
      try await graph.pipeline.run(on: plan ?? model.livePlan)
    } catch {
      // The reason is for the record; where it cannot be written, the first error counts.
      let reason: JournalEvent.EndReason = error is CancellationError ? .stopped : .failed
      try? await graph.playback.close(reason, detail: "\(error)")
      guard let failure = error as? PipelineError else { throw error }
      throw DuplexError(.stage, stage: failure.stage, reason: "\(failure.underlying)")
    }
    try await graph.playback.close(isStopped.withLock { $0 } ? .stopped : .finished, detail: "")
    return await graph.playback.summary
  }
}

extension DuplexModel {
  /// The plan for conversation.
  ///
  /// With one block of delay the stages take turns: one thread is quickest, because no block waits
  /// for a thread to wake. With more, encoder and language step overlap.
  public var livePlan: ExecutorPlan {
    manifest.block.assistantDelay == 1 ? .oneThread : .live
  }

  /// The first line of a session's journal.
  func journalHeader(_ configuration: DuplexConfiguration) throws -> JournalHeader {
    let settings: [String: Dataflow.JSONValue] = [
      "session": try Dataflow.JSONValue(encoding: configuration),
      "model": .string(manifest.name), "files": try Dataflow.JSONValue(encoding: files),
      "thinkToken": .integer(stateTokens.think), "shiftToken": .integer(stateTokens.shift),
      "environmentRate": .integer(rates.environment), "assistantRate": .integer(rates.assistant),
      "assistantDelay": .integer(manifest.block.assistantDelay),
      "backend": .string(compute.backend.rawValue),
    ]
    return JournalHeader(
      seeds: ["session": configuration.seed], configuration: .object(settings),
      modelDigest: digest,
      kernels: "\(compute.backend.rawValue); \(OpenBLASRuntime.configuration)",
      core: OpenBLASRuntime.coreName, threads: compute.threads)
  }
}

extension DuplexConfiguration {
  /// Whether a session of a model can have these settings.
  func check(_ model: DuplexModel) throws(DuplexError) {
    if let problem = model.problem { throw DuplexError(.model, reason: problem) }
    if let problem { throw DuplexError(.configuration, reason: problem) }
    if let problem = contextPlan(of: model).problem {
      throw DuplexError(.configuration, reason: problem)
    }
  }

  /// When the context is refreshed.
  func contextPlan(of model: DuplexModel) -> ContextPlan {
    ContextPlan(
      capacity: model.language.capacity, kept: keptContext, perBlock: refreshPositionsPerBlock,
      blockPositions: 2 * model.manifest.encoder.embeddingsPerBlock + 2)
  }
}
