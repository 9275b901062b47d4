import AudioIO
public import Dataflow
import Kernels

/// A recorded session, to be run again.
///
/// ```swift
/// let replay = try SessionReplay(folder: "session")
/// let verdict = try await replay.run(model, on: .oneThread)
/// ```
///
/// The samples that were heard are all that a session depends on besides the model and the
/// configuration: drops, underruns and devices are in the journal, but nothing is computed from
/// them. So a session that was killed, or dropped blocks, repeats as any other.
public struct SessionReplay: Sendable {
  /// The recording.
  public let folder: SessionFolder
  /// Its journal.
  public let journal: Journal
  /// The configuration of the session.
  public let configuration: DuplexConfiguration
  /// The records of the blocks that are whole, in order.
  public let blocks: [BlockRecord]

  /// Reads a recording.
  ///
  /// - Parameter path: The session's folder.
  /// - Throws: `RecordingError`; ``DuplexError`` where the blocks are not in order.
  public init(folder path: String) throws {
    folder = SessionFolder(path: path)
    journal = try Journal(path: folder.journal)
    blocks = journal.blocks
    guard zip(blocks, 0...).allSatisfy({ $0.block.position == $1 }) else {
      throw DuplexError(.session, reason: "\(folder.journal): the blocks are not in order")
    }
    guard case .object(let settings) = journal.header.configuration,
      let session = settings["session"],
      let configuration = try? session.decoded(as: DuplexConfiguration.self)
    else {
      throw DuplexError(
        .session, reason: "\(folder.journal): the header has no configuration of a session")
    }
    self.configuration = configuration
  }

  /// Runs the session again, at full speed, and compares every block.
  ///
  /// - Parameters:
  ///   - model: The model; its seed must be the session's.
  ///   - plan: What runs where; nil for the plan of a live session.
  ///   - observer: Called for each block when it is through.
  /// - Returns: Whether it repeats, and where it does not.
  /// - Throws: ``DuplexError``, `SoundFileError`.
  public func run(
    _ model: DuplexModel, on plan: ExecutorPlan? = nil,
    observer: (@Sendable (BlockReport) -> Void)? = nil
  ) async throws -> ReplayVerdict {
    let verdict = Protected(
      ReplayVerdict(recordedBlocks: blocks.count, changes: try changes(model)))
    let session = try DuplexSession(
      model: model, configuration: configuration,
      source: try RecordedSource(folder.environment, blocks: blocks.count),
      sink: SilentSink(sampleRate: model.sampleRate))
    _ = try await session.run(on: plan) { report in
      let block = report.record.block.position
      verdict.withLock { $0.compare(recorded: blocks[block], repeated: report.record) }
      observer?(report)
    }
    return verdict.withLock { $0 }
  }

  /// Whether `assistant.wav` is what the journal says was put out.
  ///
  /// - Returns: The first block that differs, or is missing; nil where all are as they were.
  /// - Throws: `SoundFileError`.
  public func checkAssistantRecording() throws -> Divergence? {
    let file = try SoundFileReader(folder.assistant)
    for record in blocks {
      let samples = try file.read(BlockIndex.samples(at: file.sampleRate))
      var found = record
      found.digests[.playback] = BlockDigest(of: samples)
      found.sketches[.playback] = BlockSketch(of: samples)
      if let divergence = Divergence(recorded: record, repeated: found) { return divergence }
    }
    return nil
  }

  /// What is not as it was, in a line each.
  func changes(_ model: DuplexModel) throws -> [String] {
    let header = try model.journalHeader(configuration)
    var changes: [String] = []
    func compare(_ name: String, _ old: String, _ new: String) {
      if old != new { changes.append("\(name): \(old) then, \(new) now") }
    }
    compare("kernels", journal.header.kernels, header.kernels)
    compare("processor", journal.header.core, header.core)
    compare("threads", "\(journal.header.threads)", "\(header.threads)")
    if case .object(let settings) = journal.header.configuration,
      let recorded = try settings["files"]?.decoded(as: [String: String].self)
    {
      for name in Set(recorded.keys).union(model.files.keys).sorted() {
        compare("model file \(name)", recorded[name] ?? "none", model.files[name] ?? "none")
      }
    }
    return changes
  }
}
