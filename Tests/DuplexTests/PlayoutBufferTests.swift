import Duplex
import Testing

/// Blocks of 8 samples, fades of 4.
struct PlayoutBufferTests {
  private func output(
    _ samples: [Float] = [], begins: Bool = false, isComplete: Bool = false, stops: Bool = false
  ) -> SpeechSequence.Output {
    SpeechSequence.Output(
      samples: samples, begins: begins, isComplete: isComplete, stops: stops)
  }

  private func ramp(_ count: Int, from first: Int = 1) -> [Float] {
    (first..<first + count).map(Float.init)
  }

  private let silence = [Float](repeating: 0, count: 8)

  @Test func `an answer that ends by itself is played to its last sample`() {
    var buffer = PlayoutBuffer(blockSamples: 8, fadeSamples: 4)
    var heard: [Float] = []
    for speech in [
      output(begins: true), output(ramp(20)), output(ramp(5, from: 21), isComplete: true),
      output(isComplete: true, stops: true), output(), output(),
    ] {
      let block = buffer.step(speech)
      #expect(block.samples.count == 8)
      #expect(block.underrun == 0 && !block.isYield)
      heard += block.samples
    }
    #expect(heard == silence + ramp(25) + [Float](repeating: 0, count: 15))
  }

  @Test func `a yield fades within ten milliseconds of the same block`() {
    var buffer = PlayoutBuffer(blockSamples: 8, fadeSamples: 4)
    _ = buffer.step(output([Float](repeating: 1, count: 40), begins: true))
    let block = buffer.step(output(stops: true))
    #expect(block.samples == [1, 0.75, 0.5, 0.25, 0, 0, 0, 0])
    #expect(block.isYield && block.yielded == 40 - 8 - 4)
    #expect(buffer.pendingSamples == 0)
    #expect(buffer.step(output()) == PlayoutBuffer.Block(samples: silence))
  }

  /// 16 samples are two blocks.
  @Test(arguments: [(16, false), (17, true)])
  func `a stop with more than two blocks pending is a yield`(pending: Int, isYield: Bool) {
    var buffer = PlayoutBuffer(blockSamples: 8, fadeSamples: 4)
    _ = buffer.step(output(ramp(8 + pending), begins: true, isComplete: true))
    #expect(buffer.step(output(isComplete: true, stops: true)).isYield == isYield)
    #expect(buffer.pendingSamples == (isYield ? 0 : pending - 8))
  }

  @Test func `a stop before all was made is a yield however little is pending`() {
    var buffer = PlayoutBuffer(blockSamples: 8, fadeSamples: 4)
    _ = buffer.step(output(ramp(9), begins: true))
    let block = buffer.step(output(stops: true))
    #expect(block.isYield && block.yielded == 0)
    #expect(block.samples == [9] + silence.dropFirst())
  }

  @Test func `silence inside an answer is an underrun, before its sound and after it is not`() {
    var buffer = PlayoutBuffer(blockSamples: 8, fadeSamples: 4)
    let underruns = [
      output(), output(begins: true), output(), output(ramp(10)), output(), output(),
      output(ramp(3), isComplete: true), output(isComplete: true),
    ].map { buffer.step($0).underrun }
    #expect(underruns == [0, 0, 0, 0, 6, 8, 0, 0])
  }

  /// A chunk is due every 4 blocks; the first has 28 samples where 32 are needed: one block later.
  @Test(arguments: [(32, 0), (28, 1), (24, 1), (20, 2), (1, 4)])
  func `a first chunk that is short is begun so late that the next one comes in time`(
    first: Int, held: Int
  ) {
    var buffer = PlayoutBuffer(blockSamples: 8, fadeSamples: 4, chunkBlocks: 4)
    var heard: [Float] = []
    for block in 0..<20 {
      let samples = block == 0 ? ramp(first) : block % 4 == 0 ? ramp(48, from: 1) : []
      let due = buffer.step(output(samples, begins: block == 0))
      #expect(due.underrun == 0, "block \(block)")
      heard += due.samples
    }
    #expect(heard.prefix { $0 == 0 }.count == 8 * held)
    // A short answer that is complete is not held.
    var short = PlayoutBuffer(blockSamples: 8, fadeSamples: 4, chunkBlocks: 4)
    #expect(short.step(output(ramp(5), begins: true, isComplete: true)).samples.first == 1)
  }

  @Test func `the next answer follows the last words of the one before`() {
    var buffer = PlayoutBuffer(blockSamples: 8, fadeSamples: 4)
    _ = buffer.step(output(ramp(20), begins: true, isComplete: true))
    #expect(buffer.step(output(isComplete: true, stops: true)).samples == ramp(8, from: 9))
    let next = buffer.step(output(ramp(12, from: 100), begins: true))
    #expect(next.samples == ramp(4, from: 17) + ramp(4, from: 100))
  }

  @Test func `an hour of speech leaves nothing behind`() {
    var buffer = PlayoutBuffer(blockSamples: 1_280, fadeSamples: 160)
    _ = buffer.step(output(begins: true))
    for _ in 0..<45_000 { _ = buffer.step(output([Float](repeating: 1, count: 1_280))) }
    #expect(buffer.pendingSamples == 0)
  }
}
