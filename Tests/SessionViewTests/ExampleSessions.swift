import Dataflow

/// The sessions that are drawn in tests.
extension SyntheticSession {
  /// Twenty seconds: a short answer, and a long one that the user interrupts.
  static func dialogue() throws -> SyntheticSession {
    try SyntheticSession(
      seconds: 20,
      exchanges: [
        Exchange(start: 0.8, length: 1.9, answer: "The capital of France is Paris ."),
        Exchange(
          start: 6.2, length: 2.2,
          answer: "Let me count for you : one , two , three , four , five , six , seven , eight , "
            + "nine , ten , eleven , twelve , and so it goes on and on .", bargeIn: 2.6),
        Exchange(start: 15.2, length: 1.1, answer: "All right , I stop ."),
      ],
      events: [
        .underrun(BlockIndex(53), samples: 624), .drop(BlockIndex(92), count: 2),
        .late(BlockIndex(93), underrun: 3_840, dropped: 240),
        .defects(BlockIndex(40), notFinite: 1, clipped: 12, missing: 0),
        .refresh(BlockIndex(160), positions: 512),
        .command(BlockIndex(14), text: "mute"), .command(BlockIndex(18), text: "unmute"),
        .deviceLost(BlockIndex(205), device: "alsa_input.usb-Blue_Microphones_Yeti-00.mono"),
        .deviceBack(BlockIndex(231), device: "alsa_input.usb-Blue_Microphones_Yeti-00.mono"),
      ], slow: 88..<92)
  }

  /// Conversation of any length with an exchange every eight seconds.
  static func conversation(seconds: Double, seed: UInt64 = 3) throws -> SyntheticSession {
    var random = Noise(state: seed)
    let answers = [
      "Twelve and thirty make forty two .", "It is a quarter past nine in the evening .",
      "The opposite of early is late .", "I have set a timer for ten minutes .",
      "First boil the water , then put in the noodles and wait for nine minutes , stir , and drain "
        + "them well . Serve at once with butter and salt .",
      "The light in the kitchen is on now .", "Yes .", "Seven , three , nine , one , four .",
    ]
    var (exchanges, events) = ([Exchange](), [JournalEvent]())
    var time = 1.0
    while time < seconds - 8 {
      let answer = answers[Int(abs(random.next()) * 7.99)]
      let interrupts = answer.count > 80 && random.next() > 0
      exchanges.append(
        Exchange(
          start: time, length: 1.2 + 1.2 * Double(abs(random.next())), answer: answer,
          bargeIn: interrupts ? 1.6 : nil))
      let block = BlockIndex(at: .seconds(time + 2))
      if random.next() > 0.86 { events.append(.underrun(block, samples: 480)) }
      if random.next() > 0.93 { events.append(.drop(block, count: 1)) }
      time += 6 + 4 * Double(abs(random.next()))
    }
    return try SyntheticSession(
      seconds: seconds, exchanges: exchanges, events: events,
      slow: Int(seconds * 6)..<Int(seconds * 6) + 5, seed: seed)
  }
}
