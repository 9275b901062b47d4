import AudioIO
import AudioTestSupport
import Dataflow
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1)))
struct FileSourceTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func blocks(of source: FileSource) async throws -> [SourceBlock] {
    var blocks: [SourceBlock] = []
    while let block = try await source.next() { blocks.append(block) }
    return blocks
  }

  @Test func `16 bits at 16 kHz arrive as they are`() async throws {
    let samples = (0..<4_000).map { Int16(truncatingIfNeeded: $0 &* 7_919) }
    try WaveBytes.write(samples, rate: 16_000, channels: 1, to: folder.file("in.wav"))
    let source = try FileSource(folder.file("in.wav"))
    #expect(source.duration == .milliseconds(250))
    let blocks = try await blocks(of: source)
    #expect(blocks.count == 4)
    let heard = blocks.flatMap(\.samples)
    #expect(Array(heard.prefix(4_000)) == samples.map { Float($0) / 32_768 })
    #expect(heard.dropFirst(4_000).allSatisfy { $0 == 0 })
  }

  @Test func `8 kHz stereo becomes 16 kHz mono`() async throws {
    let tone = Tone(frequency: 440, rate: 8_000, count: 8_000, amplitude: 0.5).samples
    // One channel has twice the other's level: the mean has 1.5 times the quieter one's.
    let stereo = tone.flatMap { [Int16($0 * 32_768), Int16($0 * 16_384)] }
    try WaveBytes.write(stereo, rate: 8_000, channels: 2, to: folder.file("in.wav"))
    let blocks = try await blocks(of: FileSource(folder.file("in.wav")))
    #expect(blocks.count == 13)
    let reference = Tone(frequency: 440, rate: 16_000, count: 16_000, amplitude: 0.375).samples
    let heard = blocks.flatMap(\.samples)
    #expect((200..<15_800).allSatisfy { abs(heard[$0] - reference[$0]) < 2e-4 })
  }

  @Test(arguments: [("in.flac", 44_100), ("in.ogg", 48_000), ("in.ogg", 22_050)])
  func `FLAC and Ogg at other rates are read`(name: String, rate: Int) async throws {
    let path = folder.file(name)
    let writer = try SoundFileWriter(path, sampleRate: rate)
    let tone = Tone(frequency: 440, rate: rate, count: rate)
    for start in stride(from: 0, to: rate, by: rate / 10) {
      try writer.write(Array(tone.samples[start..<(start + rate / 10)]))
    }
    try writer.close()
    let head = try Data(contentsOf: URL(filePath: path)).prefix(4)
    #expect(head == Data((name.hasSuffix("flac") ? "fLaC" : "OggS").utf8))
    let heard = try await blocks(of: FileSource(path)).flatMap(\.samples)
    #expect(heard.count == 16_640)
    let share = Tone.share(of: 440, rate: 16_000, in: Array(heard[800..<15_200]))
    #expect(share > 0.999, "\(share)")
  }

  @Test(arguments: [16_000, 24_000])
  func `samples that are no numbers or too large are mended and counted`(rate: Int) async throws {
    var samples = Tone(frequency: 440, rate: rate, count: rate, amplitude: 0.5).samples
    samples[100] = .nan
    samples[101] = .infinity
    samples[5_000] = 3
    samples[5_001] = -.greatestFiniteMagnitude
    try WaveBytes.write(samples, rate: rate, to: folder.file("in.wav"))
    let blocks = try await blocks(of: FileSource(folder.file("in.wav")))
    let all = blocks.reduce(into: SampleDefects()) { $0 += $1.defects }
    #expect(all.notFinite == 2 && all.clipped == 2)
    for block in blocks {
      #expect(block.samples.allSatisfy { $0.isFinite && $0 >= -1 && $0 < 1 })
      #expect(SampleRounding.rounded(block.samples).samples == block.samples)
    }
  }

  @Test func `silence after the file is counted in samples`() async throws {
    try WaveBytes.write([1, 2, 3], rate: 16_000, channels: 1, to: folder.file("in.wav"))
    let source = try FileSource(folder.file("in.wav"), trailingSilence: .milliseconds(160))
    #expect(try await blocks(of: source).count == 3)
    let closed = try FileSource(folder.file("in.wav"), trailingSilence: .seconds(3_600))
    #expect(try await closed.next() != nil)
    closed.close()
    closed.close()
    #expect(try await closed.next() == nil)
  }

  @Test func `paced blocks come when they would have been heard`() async throws {
    try WaveBytes.write(
      [Int16](repeating: 1, count: 16_000), rate: 16_000, channels: 1, to: folder.file("in.wav"))
    let simulation = Simulation()
    let source = try FileSource(folder.file("in.wav"), pacedBy: simulation)
    let times = try await simulation.run {
      try await simulation.sleep(for: .seconds(5))
      var times: [Duration] = []
      while try await source.next() != nil {
        times.append(simulation.now.offset)
        // A slow reader delays its own block, and not those after.
        if times.count == 3 { try await simulation.sleep(for: .milliseconds(200)) }
      }
      return times
    }
    let expected = [80, 160, 240, 440, 440, 480, 560, 640, 720, 800, 880, 960, 1_040]
    #expect(times == expected.map { .milliseconds(5_000 + $0) })
  }

  @Test func `an hour is read to its last block`() async throws {
    // 8 kHz, 8 bits: 28.8 MB on disk, which 16 kHz floats would make 230 MB of.
    let path = folder.file("hour.wav")
    let bytes = 3_600 * 8_000
    let head = WaveBytes.header(code: 1, rate: 8_000, channels: 1, bits: 8, bytes: bytes)
    try Data(head).write(to: URL(filePath: path))
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    let second = Data((0..<8_000).map { UInt8(128 + 60 * sin(Double($0) * 0.345_575)) })
    for _ in 0..<3_600 { try file.write(contentsOf: second) }
    try file.close()
    let source = try FileSource(path)
    #expect(source.duration == .seconds(3_600))
    var blocks = 0
    // That its memory is flat is tested on a process of its own, by `Tools/test commands`.
    while try await source.next() != nil { blocks += 1 }
    #expect(blocks == 45_000)
  }
}
