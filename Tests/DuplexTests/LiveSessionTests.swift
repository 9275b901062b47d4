import AudioIO
import AudioTestSupport
import Dataflow
import Duplex
import Foundation
import SpeechModel
import Testing

/// Conversations with real sound: a PulseAudio server of the test's own, two null sinks, one as the
/// room that the microphone hears and one as the loudspeaker.
@Suite(.timeLimit(.minutes(3)))
struct LiveSessionTests {
  /// A server with its two sinks, and a conversation on it.
  private struct Room {
    let server: PulseServer
    let microphone: Microphone
    let speaker: Speaker
    let folder: String

    init(_ scratch: Scratch, policy: PlayoutPolicy = .conversation) async throws {
      server = try await PulseServer.start()
      try await server.addNullSink("room")
      try await server.addNullSink("speaker")
      microphone = try await Microphone(device: "room.monitor", server: server.address)
      speaker = try await Speaker(
        sampleRate: 16_000, device: "speaker", server: server.address, policy: policy)
      folder = scratch.path("session")
    }

    func session() throws -> DuplexSession {
      try DuplexSession(
        model: TinyModel.model(), configuration: TinyModel.talkative, source: microphone,
        sink: speaker, recordingTo: folder)
    }

    /// Every sample has one place where it went.
    func expectExactAccounts(_ summary: SessionSummary) {
      let (heard, played) = (microphone.counts, speaker.counts)
      #expect(
        heard.received + heard.replaced
          == SourceBlock.sampleCount * (heard.delivered + heard.dropped) + heard.unfinished)
      #expect(summary.droppedBlocks <= heard.dropped && summary.blocks <= heard.delivered)
      #expect(played.given == summary.blocks * 1_280)
      #expect(played.given == played.played + played.dropped && played.waiting == 0)
      #expect(summary.deviceUnderrunSamples == played.underrun)
      #expect(summary.deviceDroppedSamples == played.dropped)
    }
  }

  private func expectRepeats(_ folder: String, blocks: Int) async throws {
    let replay = try SessionReplay(folder: folder)
    #expect(replay.blocks.count == blocks)
    #expect(try replay.checkAssistantRecording() == nil)
    for plan in [ExecutorPlan.replay(Simulation()), .oneThread, .live] {
      let verdict = try await replay.run(TinyModel.model(), on: plan)
      #expect(verdict.repeats, "\(verdict)")
    }
  }

  /// Runs a session to its block `blocks`, or, with an action at a block, until so many devices came
  /// back and two seconds more: how long that takes is the machine's affair.
  private func run(
    _ session: DuplexSession, blocks: Int, at block: Int = -1, devicesBack: Int = 0,
    then action: @escaping @Sendable () async throws -> Void = {}
  ) async throws -> (SessionSummary, Reports) {
    let reports = Reports()
    let (reached, reader) = makeInlet(of: Int.self, name: EdgeName("reached"), capacity: 1)
    let left = Countdown(blocks: blocks, devicesBack: devicesBack)
    let summary = try await withThrowingTaskGroup(of: SessionSummary?.self) { group in
      group.addTask {
        let summary = try await session.run { report in
          reports.add(report)
          if report.record.block.position == block { reached.put(block) }
          if left.isOver(after: report) { session.stop() }
        }
        reached.finish()
        return summary
      }
      group.addTask {
        if try await reader.receive() != nil { try await action() }
        return nil
      }
      var summary: SessionSummary?
      for try await found in group { summary = found ?? summary }
      return try #require(summary)
    }
    return (summary, reports)
  }

  /// A question goes into the room, the answer's sound comes out of the loudspeaker, for a minute.
  @Test func `what is heard at the loudspeaker is what the session says it put out`() async throws {
    let scratch = try Scratch()
    let room = try await Room(scratch)
    defer { room.server.kill() }
    let witness = try await Microphone(
      device: "speaker.monitor", server: room.server.address, backlog: 10_000)
    let user = try await Speaker(
      sampleRate: 16_000, device: "room", server: room.server.address, policy: .patient)
    for block in 0..<20 { _ = try await user.put(Noise.block(block)) }

    let (summary, _) = try await run(try room.session(), blocks: 750)
    room.expectExactAccounts(summary)
    #expect(summary.blocks >= 750)
    try await expectRepeats(room.folder, blocks: summary.blocks)

    let recorded = try SoundFileReader("\(room.folder)/assistant.wav").read(1 << 24)
    witness.close()
    var arrived: [Float] = []
    while let block = try await witness.next() { arrived += block.samples }
    // Silence may be put in between, and is counted; what sounds comes once and in order.
    let sounding = recorded.filter { $0 != 0 }
    var heard = arrived.filter { $0 != 0 }[...]
    var missing = 0
    for sample in sounding {
      if heard.first == sample { heard.removeFirst() } else { missing += 1 }
    }
    #expect(sounding.count > 100_000)
    #expect(heard.isEmpty && missing <= summary.deviceDroppedSamples, "\(missing), \(summary)")

    // The question was heard, bit for bit.
    let environment = try SoundFileReader("\(room.folder)/environment.wav").read(1 << 24)
    let question = (0..<20).flatMap { Noise.block($0) }.filter { $0 != 0 }
    let found = environment.filter { $0 != 0 }
    if summary.droppedBlocks == 0 && user.counts.dropped == 0 {
      #expect(found == question)
    } else {
      #expect(found.count < question.count)
    }
  }

  @Test func `a server that is killed and started again is survived`() async throws {
    let scratch = try Scratch()
    let room = try await Room(scratch)
    defer { room.server.kill() }
    let (summary, reports) = try await run(try room.session(), blocks: 25, at: 25, devicesBack: 2) {
      room.server.kill()
      try await room.server.restart()
      try await room.server.addNullSink("room")
      try await room.server.addNullSink("speaker")
    }
    let lost = reports.events.filter { if case .deviceLost = $0 { true } else { false } }
    let back = reports.events.filter { if case .deviceBack = $0 { true } else { false } }
    #expect(!lost.isEmpty && !back.isEmpty, "\(reports.events)")
    room.expectExactAccounts(summary)
    try await expectRepeats(room.folder, blocks: summary.blocks)
  }

  @Test func `a loudspeaker that is taken away and given back is survived`() async throws {
    let scratch = try Scratch()
    let server = try await PulseServer.start()
    defer { server.kill() }
    try await server.addNullSink("room")
    let module = try await server.addNullSink("speaker")
    let microphone = try await Microphone(device: "room.monitor", server: server.address)
    let speaker = try await Speaker(
      sampleRate: 16_000, device: "speaker", server: server.address)
    let folder = scratch.path("session")
    let session = try DuplexSession(
      model: TinyModel.model(), configuration: TinyModel.talkative, source: microphone,
      sink: speaker, recordingTo: folder)
    let (summary, reports) = try await run(session, blocks: 25, at: 25, devicesBack: 1) {
      try await server.unload(module)
      try await server.addNullSink("speaker")
    }
    #expect(reports.events.contains { if case .deviceLost = $0 { true } else { false } })
    #expect(reports.events.contains { if case .deviceBack = $0 { true } else { false } })
    #expect(speaker.counts.given == summary.blocks * 1_280)
    try await expectRepeats(folder, blocks: summary.blocks)
  }
}

/// Counts blocks, from the moment when so many devices came back.
private final class Countdown: Sendable {
  private let left: Protected<(blocks: Int, devices: Int)>

  init(blocks: Int, devicesBack: Int) { left = Protected((blocks, devicesBack)) }

  func isOver(after report: BlockReport) -> Bool {
    let back = report.events.count { if case .deviceBack = $0 { true } else { false } }
    return left.withLock { left in
      left.devices -= back
      if left.devices <= 0 { left.blocks -= 1 }
      return left.blocks == 0
    }
  }
}
