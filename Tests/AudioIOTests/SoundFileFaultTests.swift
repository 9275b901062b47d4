import AudioIO
import AudioTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1)))
struct SoundFileFaultTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func code(reading path: String) -> SoundFileError.Code? {
    let error = #expect(throws: SoundFileError.self) { _ = try FileSource(path) }
    #expect(error?.description.hasPrefix(path) == true)
    #expect(error?.description.contains("\n") == false)
    return error?.code
  }

  @Test func `what is no sound file is told apart`() throws {
    #expect(code(reading: folder.file("nothing.wav")) == .missing)
    #expect(code(reading: folder.path) == .isFolder)
    try Data().write(to: URL(filePath: folder.file("empty.wav")))
    #expect(code(reading: folder.file("empty.wav")) == .empty)
    try Data("This is text.\n".utf8).write(to: URL(filePath: folder.file("text.wav")))
    #expect(code(reading: folder.file("text.wav")) == .notSound)
  }

  @Test func `a file without samples is empty`() async throws {
    try WaveBytes.write([Int16](), rate: 16_000, channels: 1, to: folder.file("none.wav"))
    let error = await #expect(throws: SoundFileError.self) {
      _ = try await FileSource(folder.file("none.wav")).next()
    }
    #expect(error?.code == .empty)
  }

  @Test func `a truncated WAV gives what is there`() async throws {
    let path = folder.file("cut.wav")
    let samples = (0..<16_000).map { Int16($0) }
    try WaveBytes.write(samples, rate: 16_000, channels: 1, to: path)
    #expect(truncate(path, 44 + 2 * 5_000) == 0)
    let source = try FileSource(path)
    var heard: [Float] = []
    while let block = try await source.next() { heard += block.samples }
    #expect(
      heard.count == 5_120
        && Array(heard.prefix(5_000)) == samples.prefix(5_000).map { Float($0) / 32_768 })
  }

  @Test func `a truncated FLAC gives what is there and then says so`() async throws {
    let path = folder.file("cut.flac")
    let writer = try SoundFileWriter(path, sampleRate: 16_000)
    var random = Numbers(state: 1)
    try writer.write((0..<160_000).map { _ in Float.random(in: -1..<1, using: &random) })
    try writer.close()
    let size = try Data(contentsOf: URL(filePath: path)).count
    #expect(truncate(path, off_t(size / 2)) == 0)
    let source = try FileSource(path)
    var blocks = 0
    let error = await #expect(throws: SoundFileError.self) {
      while try await source.next() != nil { blocks += 1 }
    }
    #expect(error?.code == .damaged && blocks > 40, "\(blocks)")
  }

  @Test func `nothing is overwritten unless it may be`() throws {
    let path = folder.file("out.wav")
    try SoundFileWriter(path, sampleRate: 16_000).write([0.5])
    let error = #expect(throws: SoundFileError.self) {
      _ = try SoundFileWriter(path, sampleRate: 16_000)
    }
    #expect(error?.code == .exists)
    try SoundFileWriter(path, sampleRate: 16_000, overwriting: true).close()
  }

  @Test func `a rate that no file has is refused`() throws {
    let error = #expect(throws: SoundFileError.self) {
      _ = try SoundFileWriter(folder.file("out.wav"), sampleRate: 0)
    }
    #expect(error?.code == .unsupported)
    #expect(!FileManager.default.fileExists(atPath: folder.file("out.wav")))
  }

  @Test func `a folder that is not there or may not be written is told`() async throws {
    let missing = #expect(throws: SoundFileError.self) {
      _ = try SoundFileWriter(folder.file("no/out.wav"), sampleRate: 16_000)
    }
    #expect(missing?.code == .missing)
    // Root may write anywhere but on a read-only file system; others not in a folder like this.
    if geteuid() == 0 {
      let denied = #expect(throws: SoundFileError.self) {
        _ = try SoundFileWriter("/proc/out.wav", sampleRate: 16_000)
      }
      #expect(denied != nil)
      if let mount = await SmallDisk(at: folder, options: "ro") {
        let error = #expect(throws: SoundFileError.self) {
          _ = try SoundFileWriter(mount.path + "/out.wav", sampleRate: 16_000)
        }
        #expect(error?.code == .readOnly)
        await mount.remove()
      }
    } else {
      let locked = folder.file("locked")
      try FileManager.default.createDirectory(
        atPath: locked, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o500])
      let error = #expect(throws: SoundFileError.self) {
        _ = try SoundFileWriter(locked + "/out.wav", sampleRate: 16_000)
      }
      #expect(error?.code == .denied)
    }
  }

  @Test func `a full disk is told and what was written stays readable`() async throws {
    let block = Tone(frequency: 440, rate: 16_000, count: 1_280).samples
    guard let disk = await SmallDisk(at: folder, options: "size=64k") else {
      // Without the right to mount: the device that is always full.
      let error = await #expect(throws: SoundFileError.self) {
        let sink = try FileSink("/dev/full", sampleRate: 16_000, overwriting: true)
        for _ in 0..<100 { _ = try await sink.put(block) }
        _ = try await sink.finish()
      }
      #expect(error?.code == .diskFull)
      return
    }
    let path = disk.path + "/out.wav"
    var written = 0
    let error = await #expect(throws: SoundFileError.self) {
      let sink = try FileSink(path, sampleRate: 16_000, keepsHeaderValid: true)
      for _ in 0..<100 {
        _ = try await sink.put(block)
        written += 1
      }
    }
    #expect(error?.code == .diskFull && written >= 20 && written < 26)
    #expect(error?.description.contains("the disk is full") == true)
    let source = try FileSource(path)
    for _ in 0..<written {
      #expect(try await source.next()?.samples == SampleRounding.rounded(block).samples)
    }
    await disk.remove()
  }

  @Test func `the header is valid after every block`() async throws {
    let path = folder.file("open.wav")
    let sink = try FileSink(path, sampleRate: 16_000, keepsHeaderValid: true)
    let block = SampleRounding.rounded(Tone(frequency: 440, rate: 16_000, count: 1_280).samples)
      .samples
    for count in 1...20 {
      _ = try await sink.put(block)
      // A copy is what a killed process would leave.
      let copy = folder.file("copy\(count).wav")
      try FileManager.default.copyItem(atPath: path, toPath: copy)
      let source = try FileSource(copy)
      #expect(source.duration == .milliseconds(80 * count))
      for _ in 0..<count { #expect(try await source.next()?.samples == block) }
      #expect(try await source.next() == nil)
    }
    _ = try await sink.finish()
  }

  @Test func `what is recorded is what was heard, bit for bit`() async throws {
    var random = Numbers(state: 3)
    let samples = (0..<12_800).map { _ in Float.random(in: -1.1...1.1, using: &random) }
    let rounded = SampleRounding.rounded(samples).samples
    let sink = try FileSink(folder.file("out.wav"), sampleRate: 16_000)
    _ = try await sink.put(rounded)
    _ = try await sink.finish()
    let source = try FileSource(folder.file("out.wav"))
    var heard: [Float] = []
    while let block = try await source.next() { heard += block.samples }
    #expect(heard == rounded)
  }
}
