import AudioIO
import AudioTestSupport
import Dataflow
import Testing

/// Sound through a real server: a speaker on a null sink, a microphone on the sink's monitor.
@Suite(.timeLimit(.minutes(1)))
struct LoopbackTests {
  @Test func `every sample arrives once, in order, and the accounting is exact`() async throws {
    let server = try await PulseServer.start()
    defer { server.kill() }
    try await server.addNullSink("speaker")
    let microphone = try await Microphone(
      device: "speaker.monitor", server: server.address, backlog: 1_000)
    let speaker = try await Speaker(
      sampleRate: 16_000, device: "speaker", server: server.address, policy: .patient)
    let signal = Ramp(count: 48_000)
    var underrun = 0
    for block in signal.blocks(of: 1_280) {
      underrun += try await speaker.put(block).underrunSamples
    }
    let last = try await speaker.finish()
    underrun += last.underrunSamples
    let counts = speaker.counts
    #expect(counts.given == 48_640 && counts.played == 48_640)
    #expect(counts.dropped == 0 && counts.waiting == 0 && counts.underrun == underrun)

    var heard = Ramp.Listener()
    while heard.last < 48_640, let block = try await microphone.next() {
      #expect(block.droppedBefore == 0 && block.defects.isEmpty && block.events.isEmpty)
      heard.listen(block.samples)
    }
    #expect(heard.count == 48_640 && heard.isInOrder)
    microphone.close()
    microphone.close()
    while try await microphone.next() != nil {}
    let received = microphone.counts
    #expect(received.replaced == 0 && received.dropped == 0)
    #expect(received.received == 1_280 * received.delivered + received.unfinished)
  }

  @Test func `a conversation's speaker keeps time with the microphone`() async throws {
    let server = try await PulseServer.start()
    defer { server.kill() }
    try await server.addNullSink("speaker")
    let microphone = try await Microphone(
      device: "speaker.monitor", server: server.address, backlog: 1_000)
    let speaker = try await Speaker(
      sampleRate: 16_000, device: "speaker", server: server.address)
    // A block out for each block in, as in a conversation; the ramp says where each one is heard.
    var heard = Ramp.Listener()
    var blocks = Ramp(count: 48_000).blocks(of: 1_280).makeIterator()
    var (underrun, dropped, position, first) = (0, 0, 0, Int?.none)
    while heard.last < 46_000, let block = try await microphone.next() {
      heard.listen(block.samples)
      position += 1_280
      if heard.count > 0 { first = first ?? position }
      if let next = blocks.next() {
        let report = try await speaker.put(next)
        (underrun, dropped) = (underrun + report.underrunSamples, dropped + report.droppedSamples)
        #expect(report.buffered > .zero && report.buffered < .seconds(2))
      } else if heard.last + dropped >= 46_000 {
        break
      }
    }
    let last = try await speaker.finish()
    let counts = speaker.counts
    #expect(counts.given == counts.played + counts.dropped && counts.waiting == 0)
    #expect(counts.dropped == dropped + last.droppedSamples)
    #expect(counts.underrun == underrun + last.underrunSamples)
    #expect(heard.isInOrder && heard.skipped <= counts.dropped)
    // Put after one block was heard, it is played from the second to the fifth.
    let delay = try #require(first) - 1_280
    #expect(delay <= 1_280 * 6 + counts.underrun)
  }

  @Test func `a late reader loses whole blocks, all of them counted`() async throws {
    let server = try await PulseServer.start()
    defer { server.kill() }
    try await server.addNullSink("speaker")
    let microphone = try await Microphone(
      device: "speaker.monitor", server: server.address, backlog: 2)
    let witness = try await Microphone(
      device: "speaker.monitor", server: server.address, backlog: 1_000)
    // The witness hears two seconds while nobody reads the microphone.
    for _ in 0..<25 { _ = try await witness.next() }
    let before = microphone.counts
    #expect(before.delivered == 2 && before.dropped >= 15)
    #expect(try await microphone.next()?.droppedBefore == 0)
    #expect(try await microphone.next()?.droppedBefore == 0)
    let late = try #require(try await microphone.next())
    #expect(late.droppedBefore >= before.dropped)
    microphone.close()
    let after = microphone.counts
    #expect(after.received == 1_280 * (after.delivered + after.dropped) + after.unfinished)
    #expect(after.replaced == 0)
  }

  @Test(arguments: [24_000, 22_050])
  func `a tone at the model's rate arrives as that tone`(rate: Int) async throws {
    let server = try await PulseServer.start()
    defer { server.kill() }
    try await server.addNullSink("speaker", rate: 48_000, channels: 2)
    let microphone = try await Microphone(
      device: "speaker.monitor", server: server.address, backlog: 1_000)
    let speaker = try await Speaker(
      sampleRate: rate, device: "speaker", server: server.address, policy: .patient)
    let block = rate * 80 / 1_000
    let tone = Tone(frequency: 1_000, rate: rate, count: block * 20, amplitude: 0.5)
    for start in stride(from: 0, to: tone.samples.count, by: block) {
      _ = try await speaker.put(Array(tone.samples[start..<(start + block)]))
    }
    _ = try await speaker.finish()
    var heard: [Float] = []
    var loud = 0
    while loud < 16_000, let next = try await microphone.next() {
      heard += next.samples
      loud += next.samples.count { abs($0) > 0.01 }
    }
    // Nearly all of the energy is at the tone; an underrun on a busy machine takes some of it.
    let share = Tone.share(of: 1_000, rate: 16_000, in: heard)
    #expect(share > 0.8, "\(share)")
  }
}
