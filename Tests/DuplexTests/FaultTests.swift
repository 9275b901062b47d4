import AudioIO
import Dataflow
import Duplex
import Foundation
import Glibc
import Kernels
import SpeechModel
import Testing

struct FaultTests {
  private struct Broken: Error, CustomStringConvertible {
    let description = "a broken part"
  }

  private func session(
    _ folder: String?, source: ScriptedSource = ScriptedSource(blocks: 100)
  ) throws -> DuplexSession {
    try DuplexSession(
      model: TinyModel.model(), configuration: TinyModel.talkative, source: source,
      sink: CollectingSink(), recordingTo: folder)
  }

  @Test(arguments: StageID.allCases, [0, 30])
  func `a stage that fails is named, and what was recorded repeats`(
    stage: StageID, block: Int
  ) async throws {
    let scratch = try Scratch()
    let folder = scratch.path("session")
    let instruments = Instruments(stopwatch: Stopwatch(ContinuousClock())) { found, index in
      if found == stage && index.position == block { throw Broken() }
    }
    let error = await #expect(throws: DuplexError.self) {
      _ = try await session(folder).run(on: .oneThread, instruments: instruments)
    }
    #expect(error?.stage == stage && error?.code == .stage)
    #expect(error?.description == "\(stage.rawValue): a broken part")
    let replay = try SessionReplay(folder: folder)
    #expect(replay.blocks.count <= block && replay.blocks.count >= block - 3)
    guard case .end(_, .failed, let detail)? = replay.journal.events.last else {
      Issue.record("The journal does not say how it ended")
      return
    }
    #expect(detail.contains("a broken part"))
    #expect(try await replay.run(TinyModel.model(), on: .oneThread).repeats)
  }

  @Test func `a source that fails is the capture stage's failure`() async throws {
    let source = ScriptedSource(blocks: 10) { index, _ in if index == 5 { throw Broken() } }
    let error = await #expect(throws: DuplexError.self) {
      _ = try await session(nil, source: source).run(on: .pool)
    }
    #expect(error?.stage == .capture)
  }

  @Test func `a recording is never overwritten`() async throws {
    let scratch = try Scratch()
    _ = try await session(scratch.path("session")).run(on: .pool)
    let error = #expect(throws: RecordingError.self) {
      _ = try session(scratch.path("session"))
    }
    #expect(error?.code == .exists)
  }

  @Test func `a folder that may not be written is one clear line`() throws {
    let error = #expect(throws: RecordingError.self) { _ = try session("/proc/session") }
    #expect(error?.description.contains("/proc/session") == true)
  }

  @Test func `a full disk ends the session, and what was recorded repeats`() async throws {
    let scratch = try Scratch()
    let disk = try SmallDisk(scratch.path("disk"), kilobytes: 256)
    let folder = "\(disk.path)/session"
    let error = await #expect(throws: DuplexError.self) {
      _ = try await session(folder).run(on: .oneThread)
    }
    #expect(error?.description.contains("full") == true, "\(String(describing: error))")
    let replay = try SessionReplay(folder: folder)
    #expect(replay.blocks.count > 10)
    #expect(try await replay.run(TinyModel.model(), on: .oneThread).repeats)
    withExtendedLifetime(disk) {}
  }

  @Test(arguments: ["blocks of 2560 samples", "16001 Hz"])
  func `a model of other blocks is refused before anything runs`(reason: String) throws {
    let model = try TinyModel.model {
      if reason.hasPrefix("blocks") {
        $0.encoder.configuration.blockSamples = 2_560
      } else {
        $0.synthesizer.vocoderConfiguration.sampleRate = 16_001
      }
    }
    let error = #expect(throws: DuplexError.self) {
      _ = try DuplexSession(
        model: model, source: ScriptedSource(blocks: 1),
        sink: CollectingSink(sampleRate: model.sampleRate))
    }
    #expect(error?.code == .model)
    #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
  }

  @Test func `settings that do not fit the model are refused before anything runs`() throws {
    var configuration = DuplexConfiguration()
    configuration.refreshPositionsPerBlock = 3
    let error = #expect(throws: DuplexError.self) {
      _ = try DuplexSession(
        model: TinyModel.model(), configuration: configuration, source: ScriptedSource(blocks: 1),
        sink: CollectingSink())
    }
    #expect(error?.code == .configuration)
    #expect(throws: DuplexError.self) {
      _ = try DuplexSession(
        model: TinyModel.model(), source: ScriptedSource(blocks: 1),
        sink: CollectingSink(sampleRate: 44_100))
    }
  }

  @Test func `a model with broken weights is named`() async throws {
    let scratch = try Scratch()
    let bundle = try TinyModel.bundle(in: scratch)
    let url = URL(fileURLWithPath: "\(bundle)/encoder.safetensors")
    var bytes = try Data(contentsOf: url)
    for index in bytes.count - 400..<bytes.count { bytes[index] = 0xFF }
    try bytes.write(to: url)
    let model = try DuplexModel(ModelBundle(path: bundle), compute: .init())
    let session = try DuplexSession(
      model: model, source: ScriptedSource(blocks: 5), sink: CollectingSink())
    let error = await #expect(throws: DuplexError.self) { _ = try await session.run(on: .pool) }
    #expect(error?.stage == .encoder || error?.stage == .language)
  }
}

/// A file system in memory with room for so much.
private final class SmallDisk {
  let path: String

  init(_ path: String, kilobytes: Int) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard mount("tmpfs", path, "tmpfs", 0, "size=\(kilobytes)k") == 0 else {
      throw RecordingError(errno: errno, path: path)
    }
    self.path = path
  }

  deinit { umount(path) }
}
