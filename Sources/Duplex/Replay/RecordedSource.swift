package import AudioIO
import Dataflow

/// The blocks of a recording, as they were heard.
actor RecordedSource: AudioSource {
  private let file: SoundFileReader
  private var left: Int

  /// - Parameters:
  ///   - path: The recording.
  ///   - blocks: How many blocks of it to give; later ones were not whole.
  /// - Throws: `SoundFileError`; ``DuplexError`` for a rate that nothing is heard at.
  init(_ path: String, blocks: Int) throws {
    file = try SoundFileReader(path)
    guard file.sampleRate == SourceBlock.sampleRate else {
      throw DuplexError(
        .session,
        reason: "\(path) is at \(file.sampleRate) Hz; what was heard is at "
          + "\(SourceBlock.sampleRate) Hz")
    }
    left = blocks
  }

  func next() throws -> SourceBlock? {
    guard left > 0 else { return nil }
    left -= 1
    let samples = try file.read(SourceBlock.sampleCount)
    guard samples.count == SourceBlock.sampleCount else { return nil }
    return SourceBlock(samples: samples)
  }

  nonisolated func close() {}
}

/// A sink that takes everything at once.
package struct SilentSink: AudioSink {
  package let sampleRate: Int

  package init(sampleRate: Int) { self.sampleRate = sampleRate }

  package func put(_ samples: [Float]) async -> SinkReport { SinkReport() }
  package func finish() async -> SinkReport { SinkReport() }
}
