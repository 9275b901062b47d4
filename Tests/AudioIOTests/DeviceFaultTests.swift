import AudioIO
import AudioTestSupport
import Dataflow
import Foundation
import Testing

/// Servers that are not there, go away and come back.
@Suite(.timeLimit(.minutes(1)))
struct DeviceFaultTests {
  @Test func `without a server the error says what to start`() async throws {
    let folder = try TemporaryFolder()
    let address = "unix:" + folder.file("nothing")
    let opened = await #expect(throws: PulseError.self) {
      _ = try await Microphone(server: address)
    }
    #expect(opened?.code == .noServer)
    #expect(
      opened?.description == "no sound server at \(address); start PulseAudio or PipeWire, "
        + "or use omni converse")
    let played = await #expect(throws: PulseError.self) {
      _ = try await Speaker(sampleRate: 24_000, server: address)
    }
    #expect(played?.code == .noServer)
    let listed = await #expect(throws: PulseError.self) {
      _ = try await PulseDevices.list(server: address)
    }
    #expect(listed?.code == .noServer)
  }

  @Test func `a server that hangs up has refused`() async throws {
    let folder = try TemporaryFolder()
    let door = try ClosingSocket(path: folder.file("native"))
    defer { door.close() }
    let error = await #expect(throws: PulseError.self) {
      _ = try await Microphone(server: "unix:" + folder.file("native"))
    }
    #expect(error?.code == .refused)
    #expect(error?.description.contains("refused the connection") == true)
  }

  @Test func `an unknown device is answered with those that there are`() async throws {
    let server = try await PulseServer.start()
    defer { server.kill() }
    try await server.addNullSink("one")
    try await server.addNullSink("two", rate: 44_100, channels: 2)
    let recorded = await #expect(throws: PulseError.self) {
      _ = try await Microphone(device: "three", server: server.address)
    }
    #expect(recorded?.code == .noDevice)
    #expect(recorded?.description == "no sound device three; there is one.monitor, two.monitor")
    let played = await #expect(throws: PulseError.self) {
      _ = try await Speaker(sampleRate: 24_000, device: "three", server: server.address)
    }
    #expect(played?.description == "no sound device three; there is one, two")
  }

  @Test func `a server without devices says so`() async throws {
    let server = try await PulseServer.start()
    defer { server.kill() }
    let error = await #expect(throws: PulseError.self) {
      _ = try await Speaker(sampleRate: 24_000, server: server.address)
    }
    #expect(error?.description == "no default sound device; there is none")
  }

  @Test func `devices are listed with their own rates`() async throws {
    let server = try await PulseServer.start()
    defer { server.kill() }
    try await server.addNullSink("one")
    try await server.addNullSink("two", rate: 44_100, channels: 2)
    try await server.pactl(["set-default-sink", "two"])
    let devices = try await PulseDevices.list(server: server.address)
    #expect(devices.map(\.name) == ["one.monitor", "two.monitor", "one", "two"])
    #expect(devices.map(\.kind) == [.source, .source, .sink, .sink])
    #expect(devices.map(\.isMonitor) == [true, true, false, false])
    #expect(devices.map(\.sampleRate) == [16_000, 44_100, 16_000, 44_100])
    #expect(devices.map(\.channels) == [1, 2, 1, 2])
    #expect(devices.filter { $0.kind == .sink && $0.isDefault }.map(\.name) == ["two"])
  }

  /// What takes a device away, and what gives it back.
  enum Fault: String, CaseIterable, CustomTestStringConvertible {
    case serverKilled, deviceRemoved, serverFrozen
    var testDescription: String { rawValue }
  }

  @Test(arguments: Fault.allCases)
  func `a conversation goes on without its devices and takes them up again`(
    fault: Fault
  ) async throws {
    let server = try await PulseServer.start()
    defer { server.kill() }
    let sink = try await server.addNullSink("speaker")
    let microphone = try await Microphone(
      device: "speaker.monitor", server: server.address, backlog: 1_000)
    let speaker = try await Speaker(
      sampleRate: 16_000, device: "speaker", server: server.address)
    var talk = Conversation(microphone: microphone, speaker: speaker)
    try await talk.run { $0.heard.count > 4_000 }

    switch fault {
    case .serverKilled: server.kill()
    case .deviceRemoved: try await server.unload(sink)
    case .serverFrozen: server.freeze()
    }
    try await talk.run {
      $0.sourceEvents == [.lost(device: "speaker.monitor")]
        && $0.sinkEvents == [.lost(device: "speaker")]
    }
    // Time goes on: blocks of silence come, and what is said is counted as dropped.
    let (blocks, dropped) = (talk.blocks, talk.dropped)
    try await talk.run { $0.blocks > blocks + 3 && $0.dropped > dropped + 1_280 }

    switch fault {
    case .serverKilled:
      try await server.restart()
      try await server.addNullSink("speaker")
    case .deviceRemoved: try await server.addNullSink("speaker")
    case .serverFrozen: server.thaw()
    }
    try await talk.run {
      $0.sourceEvents.last == .returned(device: "speaker.monitor")
        && $0.sinkEvents.last == .returned(device: "speaker")
    }
    let heard = talk.heard.count
    try await talk.run { $0.heard.count > heard + 4_000 }
    #expect(talk.sourceEvents.count == 2 && talk.sinkEvents.count == 2)
    #expect(talk.missing > 0)

    try await talk.finish()
    let played = speaker.counts
    #expect(played.given == talk.given && played.waiting == 0)
    #expect(played.given == played.played + played.dropped)
    #expect(played.dropped == talk.dropped && played.underrun == talk.underrun)
    microphone.close()
    while let block = try await microphone.next() { talk.missing += block.defects.missing }
    let recorded = microphone.counts
    #expect(
      recorded.received + recorded.replaced
        == 1_280 * (recorded.delivered + recorded.dropped) + recorded.unfinished)
    #expect(recorded.replaced >= talk.missing && recorded.dropped == 0)
  }

  @Test func `a file's player is never held up by a server that is gone`() async throws {
    let server = try await PulseServer.start()
    defer { server.kill() }
    try await server.addNullSink("speaker")
    let speaker = try await Speaker(
      sampleRate: 16_000, device: "speaker", server: server.address, policy: .patient)
    let blocks = Ramp(count: 40_960).blocks(of: 1_280)
    for block in blocks.prefix(4) { _ = try await speaker.put(block) }
    server.kill()
    var events: [AudioDeviceEvent] = []
    for block in blocks.dropFirst(4) { events += try await speaker.put(block).events }
    events += try await speaker.finish().events
    #expect(events == [.lost(device: "speaker")])
    let counts = speaker.counts
    #expect(counts.given == 40_960 && counts.given == counts.played + counts.dropped)
    #expect(counts.dropped > 16_000)
  }

  @Test func `a wait ends when its task is cancelled`() async throws {
    let server = try await PulseServer.start()
    defer { server.kill() }
    try await server.addNullSink("speaker")
    let microphone = try await Microphone(device: "speaker.monitor", server: server.address)
    let speaker = try await Speaker(
      sampleRate: 16_000, device: "speaker", server: server.address, policy: .patient)
    await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          _ = try await speaker.put([Float](repeating: 0.5, count: 1_280))
        }
      }
      group.addTask {
        for _ in 0..<3 { _ = try await microphone.next() }
        throw CancellationError()
      }
      await #expect(throws: CancellationError.self) { try await group.next() }
      group.cancelAll()
      await #expect(throws: CancellationError.self) { try await group.next() }
    }
  }
}
