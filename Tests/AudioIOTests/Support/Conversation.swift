import AudioIO

/// One block out for each block in, as a conversation does it, with everything that is reported.
struct Conversation {
  let microphone: Microphone
  let speaker: Speaker
  var blocks = 0
  var given = 0
  var missing = 0
  var underrun = 0
  var dropped = 0
  var sourceEvents: [AudioDeviceEvent] = []
  var sinkEvents: [AudioDeviceEvent] = []
  var heard = Ramp.Listener()

  init(microphone: Microphone, speaker: Speaker) {
    (self.microphone, self.speaker) = (microphone, speaker)
  }

  /// Goes on until something was seen.
  mutating func run(until isDone: (Conversation) -> Bool) async throws {
    while !isDone(self), let block = try await microphone.next() {
      blocks += 1 + block.droppedBefore
      missing += block.defects.missing
      sourceEvents += block.events
      heard.listen(block.samples)
      let next = Ramp(count: 1_280, from: given % 64_000).samples
      given += next.count
      add(try await speaker.put(next))
    }
  }

  mutating func finish() async throws { add(try await speaker.finish()) }

  private mutating func add(_ report: SinkReport) {
    underrun += report.underrunSamples
    dropped += report.droppedSamples
    sinkEvents += report.events
  }
}
