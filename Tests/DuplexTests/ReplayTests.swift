import AudioIO
import Dataflow
import Duplex
import Foundation
import Kernels
import SpeechModel
import Testing

struct ReplayTests {
  /// A session with drops, yields, underruns and a context refresh or two.
  private func recorded(
    _ scratch: Scratch, blocks: Int = 240, model: DuplexModel? = nil
  ) async throws -> String {
    let folder = scratch.path("session")
    let source = ScriptedSource(blocks: blocks) { index, block in
      if index % 50 == 20 { block.droppedBefore = index / 10 }
    }
    let session = try DuplexSession(
      model: try model ?? Self.model(), configuration: TinyModel.talkative, source: source,
      sink: CollectingSink(), recordingTo: folder)
    let summary = try await session.run(on: .pool)
    #expect(summary.yields > 0 && summary.droppedBlocks > 0 && summary.refreshes > 0)
    return folder
  }

  private static func model(backend: KernelBackend? = nil) throws -> DuplexModel {
    try TinyModel.model(backend: backend) { $0.language.capacity = 256 }
  }

  static let plans: [(String, @Sendable () -> ExecutorPlan)] = [
    ("simulation", { .replay(Simulation()) }),
    ("random", { .replay(Simulation(.random(seed: 9))) }),
    ("one thread", { .oneThread }), ("live", { .live }),
  ]

  @Test(arguments: plans.map(\.0))
  func `a session repeats every digest`(name: String) async throws {
    let scratch = try Scratch()
    let folder = try await recorded(scratch)
    let plan = try #require(Self.plans.first { $0.0 == name }).1()
    let verdict = try await SessionReplay(folder: folder).run(Self.model(), on: plan)
    #expect(verdict.repeats && verdict.repeatedBlocks == 240)
    #expect(verdict.firstOtherToken == nil && verdict.changes.isEmpty, "\(verdict)")
    #expect(try SessionReplay(folder: folder).checkAssistantRecording() == nil)
  }

  @Test(arguments: [8_000, 48_000])
  func `a recording at another rate is no session`(rate: Int) async throws {
    let scratch = try Scratch()
    let folder = try await recorded(scratch)
    let sink = try FileSink("\(folder)/environment.wav", sampleRate: rate, overwriting: true)
    _ = try await sink.put([Float](repeating: 0, count: rate))
    _ = try await sink.finish()
    let error = await #expect(throws: DuplexError.self) {
      try await SessionReplay(folder: folder).run(Self.model(), on: .oneThread)
    }
    #expect(error?.code == .session && error?.reason.contains("\(rate) Hz") == true)
  }

  /// Flips the lowest bit of a sample of a 16-bit WAV file with a header of 44 bytes.
  private func flip(_ path: String, sample: Int) throws {
    let url = URL(fileURLWithPath: path)
    var bytes = try Data(contentsOf: url)
    bytes[44 + 2 * sample] ^= 1
    try bytes.write(to: url)
  }

  @Test(arguments: [(0, 0), (1_279, 0), (1_280, 1), (100 * 1_280 + 640, 100)])
  func `one flipped sample is found at its block`(sample: Int, block: Int) async throws {
    let scratch = try Scratch()
    let folder = try await recorded(scratch)
    try flip("\(folder)/environment.wav", sample: sample)
    let verdict = try await SessionReplay(folder: folder).run(Self.model(), on: .oneThread)
    let divergence = try #require(verdict.divergence)
    #expect(divergence.block.position == block && divergence.stage == .capture)
    // One step of 16 bits in 1,280 samples of noise of 0.115 rms.
    let size = Float(1) / 32_768 / (0.115 * Float(1_280).squareRoot())
    let found = try #require(divergence.relativeSize)
    #expect(found > size / 5 && found < size * 5, "\(found) for \(size)")
  }

  @Test func `a flipped sample of what was put out is found at its block`() async throws {
    let scratch = try Scratch()
    let folder = try await recorded(scratch)
    try flip("\(folder)/assistant.wav", sample: 77 * 1_280 + 5)
    let divergence = try #require(try SessionReplay(folder: folder).checkAssistantRecording())
    #expect(divergence.block.position == 77 && divergence.stage == .playback)
  }

  @Test(arguments: [
    ("encoder.safetensors", StageID.encoder), ("language.gguf", .language),
    ("flow.safetensors", .synthesizer),
  ])
  func `one changed weight is found at its stage and file`(
    file: String, stage: StageID
  ) async throws {
    let scratch = try Scratch()
    let bundle = try TinyModel.bundle(in: scratch) { $0.language.capacity = 256 }
    let model = try DuplexModel(ModelBundle(path: bundle), compute: Compute())
    let folder = try await recorded(scratch, model: model)
    let url = URL(fileURLWithPath: "\(bundle)/\(file)")
    var bytes = try Data(contentsOf: url)
    // The exponent of the last weight's number, which every product reads.
    bytes[bytes.count - 1] ^= 0x01
    try bytes.write(to: url)
    let changed = try DuplexModel(ModelBundle(path: bundle), compute: Compute())
    let verdict = try await SessionReplay(folder: folder).run(changed, on: .oneThread)
    #expect(verdict.divergence?.stage == stage, "\(String(describing: verdict.divergence))")
    #expect(verdict.changes.count == 1 && verdict.changes[0].contains(file), "\(verdict.changes)")
  }

  /// Products of many rows of single-precision weights are OpenBLAS's with one of the two, and
  /// add in another order.
  @Test func `other kernels are found and named, with the size of the difference`() async throws {
    let scratch = try Scratch()
    let folder = try await recorded(scratch, model: Self.model(backend: .portable))
    let verdict = try await SessionReplay(folder: folder).run(
      Self.model(backend: .reference), on: .oneThread)
    #expect(
      verdict.changes.contains { $0.contains("portable") && $0.contains("reference") },
      "\(verdict.changes)")
    let divergence = try #require(verdict.divergence)
    #expect(divergence.block == .first && divergence.stage == .encoder)
    let size = try #require(divergence.relativeSize)
    #expect(size > 1e-8 && size < 1e-5, "\(size)")
  }

  /// A process that is killed leaves a torn line, and more sound than lines.
  @Test(arguments: [1, 40, 4_000, 100_000])
  func `a session that was cut off repeats up to its last whole block`(bytes: Int) async throws {
    let scratch = try Scratch()
    let folder = try await recorded(scratch)
    let url = URL(fileURLWithPath: "\(folder)/journal.jsonl")
    let journal = try Data(contentsOf: url)
    try journal.dropLast(bytes).write(to: url)
    let replay = try SessionReplay(folder: folder)
    #expect(replay.journal.isTorn || bytes == 100_000)
    #expect(replay.blocks.count < 241)
    let verdict = try await replay.run(Self.model(), on: .replay(Simulation()))
    #expect(verdict.repeats && verdict.repeatedBlocks == replay.blocks.count)
  }

  @Test func `less sound than blocks is no whole repetition`() async throws {
    let scratch = try Scratch()
    let folder = try await recorded(scratch)
    let url = URL(fileURLWithPath: "\(folder)/environment.wav")
    try Data(contentsOf: url).dropLast(2 * 1_280 * 10).write(to: url)
    let verdict = try await SessionReplay(folder: folder).run(Self.model(), on: .oneThread)
    #expect(!verdict.repeats && verdict.divergence == nil && verdict.repeatedBlocks == 230)
  }
}
