import CSndFile
import Glibc

/// The owner of a libsndfile handle; the only code that calls the library.
///
/// The file is opened here and handed over, so that the system's reason for a failure is known.
struct SoundFileHandle: ~Copyable {
  /// How a file is to be written.
  enum Format: Int32 {
    case wave
    case flac
    case ogg

    fileprivate var code: Int32 {
      switch self {
      case .wave: Int32(SF_FORMAT_WAV | SF_FORMAT_PCM_16)
      case .flac: Int32(SF_FORMAT_FLAC | SF_FORMAT_PCM_16)
      case .ogg: Int32(SF_FORMAT_OGG | SF_FORMAT_VORBIS)
      }
    }
  }

  let path: String
  let sampleRate: Int
  let channels: Int
  /// How many frames the file says it has; 0 where it does not know, and while it is written.
  let frames: Int
  private let handle: OpaquePointer

  init(reading path: String) throws(SoundFileError) {
    let descriptor = try Self.descriptor(path, O_RDONLY, mode: 0)
    var status = stat()
    if fstat(descriptor, &status) == 0 {
      let problem: SoundFileError.Code? =
        switch status.st_mode & S_IFMT {
        case S_IFDIR: .isFolder
        case S_IFREG where status.st_size == 0: .empty
        default: nil
        }
      if let problem {
        Glibc.close(descriptor)
        throw SoundFileError(problem, path: path)
      }
    }
    var info = SF_INFO()
    guard let handle = sf_open_fd(descriptor, Int32(SFM_READ), &info, 1) else {
      throw SoundFileError(.notSound, path: path, detail: Self.message(nil))
    }
    self.path = path
    self.handle = handle
    sampleRate = Int(info.samplerate)
    channels = Int(info.channels)
    // Streams without a length report the largest number there is.
    frames = info.frames == sf_count_t.max ? 0 : Int(info.frames)
  }

  init(
    writing path: String, format: Format, sampleRate: Int, channels: Int, overwriting: Bool
  ) throws(SoundFileError) {
    var info = SF_INFO()
    info.samplerate = Int32(clamping: sampleRate)
    info.channels = Int32(clamping: channels)
    info.format = format.code
    guard sampleRate > 0, sf_format_check(&info) != 0 else {
      throw SoundFileError(
        .unsupported, path: path, detail: "\(sampleRate) Hz with \(channels) channels")
    }
    let flags = O_RDWR | O_CREAT | (overwriting ? O_TRUNC : O_EXCL)
    let descriptor = try Self.descriptor(path, flags, mode: 0o644)
    errno = 0
    guard let handle = sf_open_fd(descriptor, Int32(SFM_WRITE), &info, 1) else {
      let number = errno
      if !overwriting { unlink(path) }
      throw number == 0
        ? SoundFileError(.unsupported, path: path, detail: Self.message(nil))
        : SoundFileError(errno: number, path: path)
    }
    self.path = path
    self.handle = handle
    (self.sampleRate, self.channels, frames) = (sampleRate, channels, 0)
  }

  deinit { sf_close(handle) }

  /// Reads frames of interleaved floats; integers are divided by the largest of their width plus 1.
  ///
  /// - Returns: As many as there are, up to `count`; none at the end.
  func read(frames count: Int) throws(SoundFileError) -> [Float] {
    let samples = [Float](unsafeUninitializedCapacity: count * channels) { samples, initialized in
      let read = samples.baseAddress.map { sf_readf_float(handle, $0, sf_count_t(count)) } ?? 0
      initialized = max(0, Int(read)) * channels
    }
    // What could be read comes first; the next call meets the error again.
    if samples.isEmpty && sf_error(handle) != 0 {
      throw SoundFileError(.damaged, path: path, detail: Self.message(handle))
    }
    return samples
  }

  /// Writes frames of interleaved integers.
  func write(_ samples: [Int16]) throws(SoundFileError) {
    let frames = sf_count_t(samples.count / channels)
    errno = 0
    let written = samples.withUnsafeBufferPointer { samples in
      samples.baseAddress.map { sf_writef_short(handle, $0, frames) } ?? 0
    }
    let number = errno
    // The header's update may fail where the samples went well.
    guard written < frames || sf_error(handle) != 0 else { return }
    throw number == 0
      ? SoundFileError(.damaged, path: path, detail: Self.message(handle))
      : SoundFileError(errno: number, path: path)
  }

  /// Makes every write bring the header up to date.
  func keepHeaderValid() {
    // It returns whether it is on now; formats without such a header say no, and need none.
    _ = sf_command(handle, Int32(SFC_SET_UPDATE_HEADER_AUTO), nil, 1)
  }

  /// Writes what the library holds back, and the header.
  func close() throws(SoundFileError) {
    errno = 0
    sf_write_sync(handle)
    guard sf_error(handle) != 0 else { return }
    throw SoundFileError(.damaged, path: path, detail: Self.message(handle))
  }

  private static func descriptor(
    _ path: String, _ flags: Int32, mode: mode_t
  ) throws(SoundFileError) -> Int32 {
    while true {
      let descriptor = open(path, flags | O_CLOEXEC, mode)
      let number = errno
      if descriptor >= 0 { return descriptor }
      if number != EINTR { throw SoundFileError(errno: number, path: path) }
    }
  }

  private static func message(_ handle: OpaquePointer?) -> String {
    sf_strerror(handle).map { String(cString: $0) } ?? "no reason given"
  }
}
