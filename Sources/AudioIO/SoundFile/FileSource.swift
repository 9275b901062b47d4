import Dataflow

/// A sound file as a source: any rate and number of channels, as blocks of one channel at 16 kHz.
///
/// The last block is filled up with silence. Without a clock blocks come as fast as they are
/// asked for; with one, block n does not come before (n + 1) x 80 ms have passed since the first
/// ``next()``.
public final class FileSource: AudioSource {
  fileprivate struct Guarded {
    let reader: SoundFileReader
    let resampler: Resampler
    var framer = BlockFramer<Float>(size: SourceBlock.sampleCount)
    var silenceAfter: Int
    var defects = SampleDefects()
    var isAtEnd = false
    var isClosed = false
    var block = BlockIndex.first
  }

  /// How long the file lasts, where it says so, without the silence after it.
  public let duration: Duration?
  private let guarded: Protected<Guarded>
  private let pacer: BlockPacer?

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - trailingSilence: Silence after the file, for the answer to be spoken in.
  ///   - clock: What paces the blocks; nil for as fast as they are asked for.
  /// - Throws: ``SoundFileError``.
  public init(
    _ path: String, trailingSilence: Duration = .zero, pacedBy clock: (any Clock<Duration>)? = nil
  ) throws(SoundFileError) {
    let reader = try SoundFileReader(path)
    guard Resampler.supports(from: reader.sampleRate, to: SourceBlock.sampleRate) else {
      throw SoundFileError(.unsupported, path: path, detail: "\(reader.sampleRate) Hz")
    }
    let rate = reader.sampleRate
    duration = reader.frames.map { Duration(samples: $0, at: rate) }
    let resampler = Resampler(from: rate, to: SourceBlock.sampleRate)
    guarded = Protected(
      Guarded(
        reader: reader, resampler: resampler,
        silenceAfter: trailingSilence.samples(at: SourceBlock.sampleRate)))
    pacer = clock.map { BlockPacer($0) }
  }

  /// Takes the next block.
  ///
  /// - Returns: The block, or nil after the last one.
  /// - Throws: ``SoundFileError`` where the file is damaged: after the blocks that could be read.
  ///   `CancellationError`.
  public func next() async throws -> SourceBlock? {
    try Task.checkCancellation()
    let numbered = try guarded.withLock { guarded in
      Result { () throws(SoundFileError) in try guarded.next() }
    }.get()
    guard let (index, block) = numbered else { return nil }
    try await pacer?.waitForEnd(of: index)
    return block
  }

  /// Ends the source: no block comes after.
  public func close() { guarded.withLock { $0.isClosed = true } }
}

extension FileSource.Guarded {
  fileprivate mutating func next() throws(SoundFileError) -> (BlockIndex, SourceBlock)? {
    guard !isClosed else { return nil }
    while framer.count < framer.size && !isAtEnd {
      let samples = try reader.read(4_096)
      isAtEnd = samples.isEmpty
      append(isAtEnd ? resampler.finish() : resampler.process(sanitized(samples)))
    }
    guard framer.count > 0 || silenceAfter > 0 else { return nil }
    var samples = framer.next() ?? framer.rest()
    let missing = framer.size - samples.count
    samples.append(contentsOf: repeatElement(0, count: missing))
    silenceAfter = max(0, silenceAfter - missing)
    defer {
      defects = SampleDefects()
      block = block.next
    }
    return (block, SourceBlock(samples: samples, defects: defects))
  }

  /// A single sample that is no number would spread over the whole width of the filter.
  private mutating func sanitized(_ samples: [Float]) -> [Float] {
    samples.map { sample in
      if sample.isFinite && abs(sample) <= 1 { return sample }
      if sample.isFinite {
        defects.clipped += 1
        return sample > 0 ? 1 : -1
      }
      defects.notFinite += 1
      return 0
    }
  }

  private mutating func append(_ samples: [Float]) {
    let (rounded, found) = SampleRounding.rounded(samples)
    framer.append(rounded)
    defects += found
  }
}
