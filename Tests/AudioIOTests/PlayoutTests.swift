import AudioIO
import Testing

/// The playout machine by itself: 16 kHz, so 1280 samples a block and 320 for 20 ms.
struct PlayoutTests {
  private let loud = [Int16](repeating: 1_000, count: 1_280)
  private let silent = [Int16](repeating: 0, count: 1_280)

  private func machine(_ policy: PlayoutPolicy = .conversation) -> Playout {
    Playout(sampleRate: 16_000, policy: policy)
  }

  private func isExact(_ playout: Playout) -> Bool {
    let counts = playout.counts
    return counts.given == counts.played + counts.dropped + counts.waiting
  }

  @Test func `silence before the first block is nobody's fault`() {
    var playout = machine()
    #expect(playout.take(4_000) == [Int16](repeating: 0, count: 4_000))
    #expect(playout.counts == PlayoutCounts())
  }

  @Test func `the first block is played after the target`() {
    var playout = machine()
    playout.put(loud)
    #expect(playout.buffered == 1_600)
    #expect(playout.take(1_600) == [Int16](repeating: 0, count: 320) + loud)
    #expect(playout.counts.played == 1_280 && playout.counts.underrun == 0)
  }

  @Test func `an underrun is counted and the target grows up to its bound`() {
    var playout = machine()
    for round in 1...20 {
      playout.put(loud)
      _ = playout.take(playout.buffered)
      let before = playout.counts.underrun
      #expect(playout.take(160) == [Int16](repeating: 0, count: 160))
      #expect(playout.counts.underrun == before + 160)
      #expect(playout.target == min(3_840, 320 * (round + 1)))
    }
    // The silence that builds the target up again is an underrun as well, but for the first.
    let leads = (2...20).reduce(0) { $0 + min(3_840, 320 * $1) }
    #expect(playout.counts.underrun == 20 * 160 + leads)
    #expect(isExact(playout))
  }

  @Test func `the target shrinks when it was quiet for long enough`() {
    var playout = machine()
    playout.put(loud)
    _ = playout.take(1_700)
    #expect(playout.target == 640)
    playout.put(loud)
    for _ in 0..<124 {
      _ = playout.take(1_280)
      playout.put(loud)
    }
    #expect(playout.target == 640)
    _ = playout.take(1_280)
    playout.put(loud)
    #expect(playout.target == 320)
    // What is too much now goes with the next silence.
    #expect(playout.counts.dropped == 0)
    _ = playout.take(1_280)
    playout.put(silent)
    #expect(playout.counts.dropped == 320 && isExact(playout))
  }

  @Test func `a target that is needed does not shrink`() {
    var playout = machine()
    playout.put(loud)
    _ = playout.take(1_700)
    playout.put(loud)
    // The device runs half a block ahead of the writer: 100 samples are ever to spare.
    _ = playout.take(540)
    for _ in 0..<1_000 {
      _ = playout.take(1_280)
      playout.put(loud)
    }
    #expect(playout.target == 640)
  }

  @Test func `after a burst silence is dropped first`() {
    var playout = machine()
    for _ in 0..<4 { playout.put(loud) }
    #expect(playout.counts.dropped == 0)
    playout.put(silent)
    #expect(playout.counts.dropped == 1_280)
    playout.put(loud)
    #expect(playout.counts.dropped == 1_280 && isExact(playout))
  }

  @Test func `sound is dropped only beyond the capacity, the oldest first`() {
    var playout = machine()
    for block in 1...8 { playout.put([Int16](repeating: Int16(1_000 + block), count: 1_280)) }
    #expect(playout.counts.dropped == 0)
    playout.put([Int16](repeating: 1_009, count: 1_280))
    #expect(playout.counts.waiting == 1_600)
    #expect(
      playout.take(1_600) == [Int16](repeating: 1_008, count: 320)
        + [Int16](repeating: 1_009, count: 1_280))
    #expect(playout.counts.dropped == 9 * 1_280 - 1_600 && isExact(playout))
  }

  @Test func `patience makes the writer wait and drops nothing`() {
    var playout = machine(.patient)
    for block in 1...8 {
      #expect(!playout.isFull)
      playout.put(block % 2 == 0 ? silent : loud)
    }
    #expect(playout.isFull && playout.counts.dropped == 0)
  }

  @Test func `without a device time passes and is counted`() {
    var playout = machine()
    playout.put(loud)
    playout.discard(1_000)
    #expect(playout.counts.dropped == 680 && playout.counts.waiting == 600)
    playout.discard(10_000)
    #expect(playout.counts.dropped == 1_280 && playout.counts.underrun == 0)
    #expect(isExact(playout))
  }

  @Test func `what a lost device had not played is dropped`() {
    var playout = machine()
    playout.put(loud)
    _ = playout.take(1_600)
    _ = playout.take(200)
    // 200 samples of silence and 300 of sound had not been heard.
    playout.recall(500)
    #expect(playout.counts.played == 980 && playout.counts.dropped == 300)
    #expect(isExact(playout))
  }

  @Test func `after the end what is left comes and nothing more`() {
    var playout = machine()
    playout.put(loud)
    playout.end()
    #expect(playout.take(1_000).count == 1_000)
    #expect(playout.take(1_000).count == 600)
    #expect(playout.take(1_000).isEmpty && playout.isEmpty)
    #expect(playout.counts.underrun == 0)
  }

  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func `the account balances after every step of random ones`(seed: UInt64) {
    var random = Numbers(state: seed)
    for policy in [PlayoutPolicy.conversation, .patient] {
      var playout = machine(policy)
      var heard = 0
      for _ in 0..<5_000 {
        switch random.next() % 8 {
        case 0...3: if !playout.isFull { playout.put(random.next() % 3 == 0 ? silent : loud) }
        case 4...6: heard += playout.take(Int(random.next() % 2_000)).count
        default:
          if random.next() % 10 == 0 {
            playout.recall(Int(random.next() % 3_000))
            playout.discard(Int(random.next() % 10_000))
          }
        }
        #expect(isExact(playout))
        #expect(playout.target >= 320 && playout.target <= 3_840)
        if !policy.trims { #expect(playout.counts.waiting <= 10_240 + 1_280) }
      }
      #expect(heard > 0 && playout.counts.played > 0 && playout.counts.dropped > 0)
    }
  }
}

/// SplitMix64, for tests that want many cases from a seed.
struct Numbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
