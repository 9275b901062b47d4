import Kernels
import SpeechModel
import TestSupport
import Testing

@Suite struct LogMelTests {
  private static let forms: [(String, LogMelConfiguration, Int)] = [
    ("causal", .causal, 100), ("whisper", .whisper, 40), ("kaldi", .kaldi, 40),
  ]

  @Test(arguments: forms)
  func `frames equal the PyTorch reference`(
    name: String, configuration: LogMelConfiguration, rows: Int
  ) throws {
    let expected = try EncoderFixtures.golden("log_mel", name, rows, 80)
    var logMel = LogMel(configuration)
    let found = logMel.step(EncoderFixtures.audio("audio.mel", 310, samples: 16000))
    #expect(found.rows >= rows)
    #expect(largestDifference(found.rows(0..<rows).values, expected) < 1e-3)
  }

  @Test(arguments: [
    (80, [Float]([-0.1277258, 0.0493952, 0.1246467, 0.1191159, -0.0045048, -0.0871303])),
    (128, [-0.2034850, -0.1059206, 0.0562406, 0.0217858, 0.1773909, 0.0477580]),
  ])
  func `an interior frame is Whisper's`(bins: Int, expected: [Float]) {
    var configuration = LogMelConfiguration.whisper
    configuration.bins = bins
    var logMel = LogMel(configuration)
    let frames = logMel.step(EncoderFixtures.tone)
    #expect(largestDifference(Array(frames.row(50).prefix(6)), expected) < 1e-3)
  }

  @Test func `frames with snipped edges are Kaldi's`() {
    var logMel = LogMel(.kaldi)
    let frames = logMel.step(EncoderFixtures.tone)
    #expect(frames.rows == 98)
    let first: [Float] = [
      -12.0250807, -10.2091284, -11.9371681, -11.5948677, -9.8810921, -9.3267498,
    ]
    let middle: [Float] = [
      -11.6787577, -11.6481428, -10.7271376, -11.0989561, -10.6619587, -9.6357403,
    ]
    #expect(largestDifference(Array(frames.row(0).prefix(6)), first) < 2e-3)
    #expect(largestDifference(Array(frames.row(50).prefix(6)), middle) < 2e-3)
    // Samples as 16-bit integers add 2 ln 32768.
    logMel.reset()
    let integers = logMel.step(EncoderFixtures.tone.map { $0 * 32768 })
    let expected: [Float] = [8.7693348, 10.5852871, 8.8572474]
    #expect(largestDifference(Array(integers.row(0).prefix(3)), expected) < 2e-3)
  }

  @Test func `a frame in the middle of its hop is Kaldi's without snipped edges`() {
    var configuration = LogMelConfiguration.kaldi
    configuration.leadIn = 120
    configuration.highFrequency = 7600
    var logMel = LogMel(configuration)
    let frames = logMel.step(EncoderFixtures.tone)
    let expected: [Float] = [
      -10.7698994, -9.7657251, -12.3081999, -11.8919020, -11.6323652, -10.1701984,
    ]
    #expect(largestDifference(Array(frames.row(50).prefix(6)), expected) < 2e-3)
  }

  @Test func `silence gives the floor, also where a filter is empty`() {
    var configuration = LogMelConfiguration.kaldi
    configuration.bins = 128
    var logMel = LogMel(configuration)
    let silence = logMel.step([Float](repeating: 0, count: 1600))
    #expect(silence.values.allSatisfy { abs($0 + 15.942385) < 1e-4 })
    var whisper = LogMel(.causal)
    #expect(whisper.step([Float](repeating: 0, count: 1280)).values.allSatisfy { $0 == -1.5 })
  }

  @Test func `a block gives exactly eight frames`() {
    var logMel = LogMel()
    for block in EncoderFixtures.pieces(EncoderFixtures.environment(blocks: 5), next: { 1280 }) {
      #expect(logMel.step(block).rows == 8)
    }
  }

  @Test(arguments: 0..<8)
  func `any chunking gives the same bits`(seed: Int) {
    var random = FixtureRandom(seed: seed)
    let form = Self.forms[seed % 3].1
    let samples = EncoderFixtures.environment(blocks: 4)
    var whole = LogMel(form)
    let expected = whole.step(samples)
    var logMel = LogMel(form)
    var found = Matrix(rows: 0, columns: 80)
    let largest = seed < 4 ? 200 : 3000
    for piece in EncoderFixtures.pieces(
      samples, next: { Int.random(in: 1...largest, using: &random) })
    {
      found = found.appending(logMel.step(piece))
    }
    #expect(found == expected)
  }

  @Test func `later samples never change earlier frames`() {
    var samples = EncoderFixtures.environment(blocks: 4)
    var (one, other) = (LogMel(), LogMel())
    let expected = one.step(samples)
    for i in 2560..<samples.count { samples[i] = 0 }
    let found = other.step(samples)
    #expect(found.rows(0..<16) == expected.rows(0..<16))
    #expect(found.row(16) != expected.row(16))
  }

  @Test func `a reset front end equals a fresh one, and a copy repeats every bit`() {
    let samples = EncoderFixtures.environment(blocks: 2)
    var logMel = LogMel()
    let expected = logMel.step(samples)
    logMel.reset()
    #expect(logMel.step(samples) == expected)
    var copy = logMel
    #expect(copy.step(samples) == logMel.step(samples))
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `a sample that is not finite spoils only the windows that hold it`(sample: Float) {
    var samples = EncoderFixtures.environment(blocks: 2)
    var (clean, spoilt) = (LogMel(), LogMel())
    let expected = clean.step(samples)
    // Sample 800 lies in the windows of frames 5 (560 to 959) and 6 (720 to 1119).
    samples[800] = sample
    let found = spoilt.step(samples)
    for row in 0..<16 {
      if (5...6).contains(row) {
        #expect(found.row(row).contains { !$0.isFinite }, "frame \(row)")
      } else {
        #expect(found.row(row) == expected.row(row), "frame \(row)")
      }
    }
  }
}
