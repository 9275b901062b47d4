import AudioIO
import Dataflow
import Duplex
import Foundation
import Kernels
import SpeechModel
import Testing

struct DuplexSessionTests {
  private func record(
    _ scratch: Scratch, blocks: Int = 400, source: ScriptedSource? = nil
  ) async throws -> (Reports, CollectingSink, SessionSummary) {
    let (reports, sink) = (Reports(), CollectingSink())
    let session = try DuplexSession(
      model: TinyModel.model(), configuration: TinyModel.talkative,
      source: source ?? ScriptedSource(blocks: blocks), sink: sink,
      recordingTo: scratch.path("session"))
    let summary = try await session.run(on: .pool) { reports.add($0) }
    return (reports, sink, summary)
  }

  @Test func `the recording is what was heard, what was put out and what was decided`()
    async throws
  {
    let scratch = try Scratch()
    let (reports, sink, summary) = try await record(scratch)
    let folder = SessionFolder(path: scratch.path("session"))
    let environment = try SoundFileReader(folder.environment).read(.max >> 32)
    #expect(environment == (0..<400).flatMap { Noise.block($0) })
    #expect(try SoundFileReader(folder.assistant).read(.max >> 32) == sink.samples)
    #expect(sink.samples.count == 400 * 1_280)
    let journal = try Journal(path: folder.journal)
    #expect(journal.blocks.map(\.digests) == reports.records.map(\.digests))
    #expect(journal.blocks.map(\.block.position) == Array(0..<400))
    #expect(summary.blocks == 400)
    #expect(journal.events.last == .end(BlockIndex(400), reason: .finished, detail: ""))
  }

  /// Random weights that draw their tokens do everything within half a minute.
  @Test func `it listens, speaks, yields and ends answers`() async throws {
    let (reports, sink, summary) = try await record(Scratch())
    let states = reports.records.map(\.state)
    #expect(states.contains(.listening) && states.contains(.speaking))
    #expect(summary.yields > 3)
    #expect(reports.records.contains { $0.firstText != nil })
    #expect(sink.samples.contains { $0 != 0 })
    // What was yielded is silent from 10 ms after the block's start on.
    for report in reports.all {
      guard report.events.contains(where: { if case .yield = $0 { true } else { false } }) else {
        continue
      }
      #expect(report.assistant[160...].allSatisfy { $0 == 0 })
      #expect(report.record.state == .listening)
    }
  }

  @Test func `sound is made ahead by no more than the bound and a chunk`() async throws {
    var configuration = TinyModel.talkative
    configuration.maximumBlocksAhead = 5
    let model = try TinyModel.model()
    var sequence = SpeechSequence(
      model.synthesizer, chunk: 12, blockSamples: 1_280, maximumAhead: 5 * 1_280)
    var buffer = PlayoutBuffer(blockSamples: 1_280, fadeSamples: 160)
    let state = TextState(token: 1, hidden: [Float](repeating: 0.1, count: 32))
    var largest = 0
    for block in 0..<200 {
      let speech: LanguageDecision.Speech =
        block == 0 ? .begin(state) : block < 100 ? .text(state) : block == 100 ? .endText : .none
      _ = buffer.step(sequence.step(speech))
      largest = max(largest, buffer.pendingSamples)
    }
    // 12 tokens of 640 samples come at once.
    #expect(largest > 4 * 1_280 && largest <= 5 * 1_280 + 12 * 640, "\(largest)")
  }

  @Test func `the assistant hears what it put out one block before`() async throws {
    let encoderHeard = Protected<[BlockDigest]>([])
    let model = try TinyModel.model()
    let (reports, sink) = (Reports(), CollectingSink())
    let session = try DuplexSession(
      model: model, configuration: TinyModel.talkative, source: ScriptedSource(blocks: 100),
      sink: sink)
    _ = try await session.run(on: .pool) { reports.add($0) }
    var encoder = model.encoder
    for block in 0..<100 {
      let own =
        block == 0
        ? [Float](repeating: 0, count: 1_280)
        : Array(sink.samples[(block - 1) * 1_280..<block * 1_280])
      let embeddings = try encoder.step(environment: Noise.block(block), assistant: own)
      let digest = BlockDigest(of: embeddings.environment.values + embeddings.assistant.values)
      encoderHeard.withLock { $0.append(digest) }
    }
    #expect(reports.records.map { $0.digests[.encoder] } == encoderHeard.withLock { $0 })
  }

  @Test func `stopping ends the input and the recording is whole`() async throws {
    let scratch = try Scratch()
    let session = Protected<DuplexSession?>(nil)
    let made = try DuplexSession(
      model: TinyModel.model(), source: ScriptedSource(blocks: 1_000), sink: CollectingSink(),
      recordingTo: scratch.path("session"))
    session.withLock { $0 = made }
    let summary = try await made.run(on: .pool) { report in
      if report.record.block.position == 9 { session.withLock { $0 }?.stop() }
    }
    session.withLock { $0 = nil }
    #expect((10...16).contains(summary.blocks), "\(summary.blocks)")
    let journal = try Journal(path: scratch.path("session/journal.jsonl"))
    #expect(journal.blocks.count == summary.blocks && !journal.isTorn)
    #expect(journal.events.last == .end(BlockIndex(summary.blocks), reason: .stopped, detail: ""))
  }

  @Test func `drops, devices and mended samples are events of their block`() async throws {
    let source = ScriptedSource(blocks: 6) { index, block in
      if index == 2 { block.droppedBefore = 4 }
      if index == 3 { block.events = [.lost(device: "usb"), .returned(device: "usb")] }
      if index == 4 { block.defects = SampleDefects(notFinite: 1, clipped: 2) }
    }
    let (reports, _, summary) = try await record(Scratch(), source: source)
    let events = reports.events.filter {
      switch $0 {
      case .yield, .underrun: false
      default: true
      }
    }
    #expect(
      events == [
        .drop(BlockIndex(2), count: 4), .deviceLost(BlockIndex(3), device: "usb"),
        .deviceBack(BlockIndex(3), device: "usb"),
        .defects(BlockIndex(4), notFinite: 1, clipped: 2, missing: 0),
      ])
    #expect(summary.droppedBlocks == 4)
  }
}
