/// Writes a sound file of 16 bits: WAV, or FLAC or Ogg by the name's extension.
///
/// ```swift
/// let writer = try SoundFileWriter("answer.wav", sampleRate: 24_000)
/// try writer.write(block)
/// try writer.close()
/// ```
public final class SoundFileWriter {
  /// The file.
  public let path: String
  /// The rate, in samples per second.
  public let sampleRate: Int
  /// What was mended in all that was written.
  public private(set) var defects = SampleDefects()
  /// How many frames were written.
  public private(set) var framesWritten = 0
  private let channels: Int
  private var handle: SoundFileHandle?

  /// Makes a file.
  ///
  /// - Parameters:
  ///   - path: The file; `.flac` and `.ogg` (Vorbis) choose these formats, all else is WAV.
  ///   - sampleRate: The rate, in samples per second.
  ///   - channels: How many channels; their samples are given interleaved.
  ///   - overwriting: Whether a file of this name may be replaced.
  ///   - keepsHeaderValid: Whether the WAV header is brought up to date at every write, so that a
  ///     killed process leaves a readable file.
  /// - Throws: ``SoundFileError``.
  public init(
    _ path: String, sampleRate: Int, channels: Int = 1, overwriting: Bool = false,
    keepsHeaderValid: Bool = false
  ) throws(SoundFileError) {
    let name = path.lowercased()
    let format: SoundFileHandle.Format =
      if name.hasSuffix(".flac") {
        .flac
      } else if name.hasSuffix(".ogg") || name.hasSuffix(".oga") {
        .ogg
      } else {
        .wave
      }
    let handle = try SoundFileHandle(
      writing: path, format: format, sampleRate: sampleRate, channels: channels,
      overwriting: overwriting)
    if keepsHeaderValid && format == .wave { handle.keepHeaderValid() }
    self.handle = consume handle
    (self.path, self.sampleRate, self.channels) = (path, sampleRate, channels)
  }

  /// Writes samples, rounded by ``SampleRounding``.
  ///
  /// - Parameter samples: Whole frames, interleaved where there are several channels.
  /// - Throws: ``SoundFileError`` where they cannot be written; what was written before is kept.
  public func write(_ samples: [Float]) throws(SoundFileError) {
    precondition(samples.count % channels == 0, "Frames are written whole")
    guard !samples.isEmpty else { return }
    let (integers, defects) = SampleRounding.integers(samples)
    guard handle != nil else { preconditionFailure("\(path) is closed") }
    try handle?.write(integers)
    self.defects += defects
    framesWritten += samples.count / channels
  }

  /// Completes the file; nothing can be written after.
  ///
  /// - Throws: ``SoundFileError`` where the last of it cannot be written.
  public func close() throws(SoundFileError) {
    let handle = self.handle.take()
    try handle?.close()
  }
}
