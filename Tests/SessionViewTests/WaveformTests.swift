import SessionView
import Testing

struct WaveformTests {
  private static func samples(_ count: Int, seed: UInt64) -> [Float] {
    var random = Noise(state: seed)
    return (0..<count).map { _ in random.next() }
  }

  /// With 1,024 pieces at most a hundred thousand samples have been joined several times.
  @Test(arguments: [1, 15, 16, 17, 1_000, 16_384, 16_385, 100_003])
  func `pieces hold the least and the greatest sample`(count: Int) {
    let samples = Self.samples(count, seed: UInt64(count))
    var waveform = Waveform(sampleRate: 16_000, capacity: 1_024)
    // In uneven chunks, as they come from a reader.
    var rest = samples[...]
    var size = 1
    while !rest.isEmpty {
      waveform.append(rest.prefix(size))
      rest = rest.dropFirst(size)
      size = size * 3 % 1_000 + 1
    }
    #expect(waveform.count == count)
    #expect(waveform.pieces.count < 1_024)
    let length = waveform.pieceLength
    for (first, last) in [(0, 1), (0, 3), (1, 2), (2, 40), (0, count / length + 1)] {
      let (start, end) = (first * length, min(last * length, count))
      guard start < end else { continue }
      let extent = waveform.extent(
        from: Double(start) / 16_000, to: Double(last * length) / 16_000)
      #expect(extent?.least == samples[start..<end].min())
      #expect(extent?.greatest == samples[start..<end].max())
    }
    #expect(waveform.peak == samples.map(abs).max())
  }

  @Test func `the mean square is that of the samples`() throws {
    let samples = Self.samples(16_000, seed: 4)
    let waveform = Waveform(samples: samples, sampleRate: 16_000)
    let extent = try #require(waveform.extent(from: 0.25, to: 0.5))
    let wanted = samples[4_000..<8_000].reduce(0) { $0 + $1 * $1 } / 4_000
    #expect(abs(extent.meanSquare - wanted) < 1e-4)
  }

  @Test func `an hour takes no more memory than its limit`() {
    var waveform = Waveform(sampleRate: 16_000)
    let minute = Self.samples(16_000 * 60, seed: 9)
    for _ in 0..<60 { waveform.append(minute) }
    #expect(waveform.seconds == 3_600)
    #expect(waveform.pieces.count <= 1 << 20)
    #expect(waveform.pieceLength == 64)
    #expect(waveform.extent(from: 1_800, to: 1_860)?.greatest == minute.max())
  }

  @Test func `samples that are no numbers count as silence`() {
    let waveform = Waveform(samples: [.nan, .infinity, -.infinity, 0.5], sampleRate: 4)
    #expect(waveform.peak == 0.5)
    #expect(waveform.extent(from: 0, to: 1)?.least == 0)
  }

  @Test func `there is nothing beyond the end`() {
    let waveform = Waveform(samples: Self.samples(1_600, seed: 1), sampleRate: 16_000)
    #expect(waveform.extent(from: 0.1, to: 0.2) == nil)
    #expect(Waveform(sampleRate: 16_000).extent(from: 0, to: 1) == nil)
  }
}
