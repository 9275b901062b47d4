/// Reads a sound file piece by piece, mixed to one channel.
///
/// It reads what libsndfile reads: WAV, FLAC, Ogg and more, at any rate and number of channels.
/// Memory does not grow with the file.
///
/// ```swift
/// let reader = try SoundFileReader("question.wav")
/// while case let samples = try reader.read(4_096), !samples.isEmpty { … }
/// ```
public final class SoundFileReader {
  /// The rate, in samples per second.
  public var sampleRate: Int { handle.sampleRate }
  /// How many channels the file has; they are mixed by their mean.
  public var channels: Int { handle.channels }
  /// How many frames the file says it has; nil where it does not say.
  public var frames: Int? { handle.frames > 0 ? handle.frames : nil }
  /// The file.
  public var path: String { handle.path }
  /// How many frames were read.
  public private(set) var framesRead = 0
  private let handle: SoundFileHandle

  /// Opens a file.
  ///
  /// - Parameter path: The file.
  /// - Throws: ``SoundFileError`` where it cannot be opened, or has no byte.
  public init(_ path: String) throws(SoundFileError) {
    handle = try SoundFileHandle(reading: path)
  }

  /// Reads the next samples.
  ///
  /// - Parameter count: At most how many; positive.
  /// - Returns: One channel, from -1 to 1 where the file keeps to it; a file of floats may hold
  ///   anything. Empty at the end.
  /// - Throws: ``SoundFileError`` where the file is damaged at this place, or is without any sound.
  public func read(_ count: Int) throws(SoundFileError) -> [Float] {
    let interleaved = try handle.read(frames: count)
    guard !interleaved.isEmpty else {
      if framesRead == 0 { throw SoundFileError(.empty, path: path) }
      if let frames, framesRead < frames {
        throw SoundFileError(
          .damaged, path: path, detail: "it ends after \(framesRead) of \(frames) frames")
      }
      return []
    }
    let channels = channels
    framesRead += interleaved.count / channels
    guard channels > 1 else { return interleaved }
    let scale = 1 / Float(channels)
    return stride(from: 0, to: interleaved.count, by: channels).map { first in
      interleaved[first..<(first + channels)].reduce(0, +) * scale
    }
  }
}
