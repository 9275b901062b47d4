import Dataflow

/// A sound file as a sink: every sample put is in it, and nothing else.
public final class FileSink: AudioSink {
  /// The rate of what is put and of the file.
  public let sampleRate: Int
  private let writer: Protected<SoundFileWriter>

  /// Makes a file.
  ///
  /// - Parameters:
  ///   - path: The file; `.flac` and `.ogg` choose these formats, all else is WAV of 16 bits.
  ///   - sampleRate: The rate of what is put.
  ///   - overwriting: Whether a file of this name may be replaced.
  ///   - keepsHeaderValid: Whether a killed process leaves a readable WAV file.
  /// - Throws: ``SoundFileError``.
  public init(
    _ path: String, sampleRate: Int, overwriting: Bool = false, keepsHeaderValid: Bool = false
  ) throws(SoundFileError) {
    let writer = try SoundFileWriter(
      path, sampleRate: sampleRate, overwriting: overwriting, keepsHeaderValid: keepsHeaderValid)
    self.sampleRate = sampleRate
    self.writer = Protected(writer)
  }

  /// Writes samples to the file.
  ///
  /// - Parameter samples: One channel; any number of them.
  /// - Returns: An empty report: a file is never late.
  /// - Throws: ``SoundFileError``, `CancellationError`.
  public func put(_ samples: [Float]) async throws -> SinkReport {
    try Task.checkCancellation()
    try writer.withLock { writer in
      Result { () throws(SoundFileError) in try writer.write(samples) }
    }.get()
    return SinkReport()
  }

  /// Completes the file.
  ///
  /// - Returns: An empty report.
  /// - Throws: ``SoundFileError`` where the last of it cannot be written.
  public func finish() async throws -> SinkReport {
    try writer.withLock { writer in
      Result { () throws(SoundFileError) in try writer.close() }
    }.get()
    return SinkReport()
  }
}
