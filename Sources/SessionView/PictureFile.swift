import Glibc

/// A file that appears whole or not at all: an older picture of this name stays until then.
///
/// What is no ordinary file, such as a pipe, is written directly.
struct PictureFile: ~Copyable {
  private let path: String
  /// Where the bytes go until the file is whole; nil where they go to `path`.
  private let part: String?
  private var descriptor: Int32

  init(path: String) throws(SessionViewError) {
    var status = stat()
    let isThere = stat(path, &status) == 0
    if isThere && status.st_mode & S_IFMT == S_IFDIR {
      throw SessionViewError(.isFolder, path: path)
    }
    let isDirect = isThere && status.st_mode & S_IFMT != S_IFREG
    let name = isDirect ? path : path + ".part"
    let opened = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard opened >= 0 else { throw SessionViewError(errno: errno, path: path) }
    descriptor = opened
    self.path = path
    part = isDirect ? nil : name
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    if let part { unlink(part) }
  }

  mutating func append(_ bytes: some Collection<UInt8>) throws(SessionViewError) {
    let bytes = Array(bytes)
    var written = 0
    while written < bytes.count {
      let (count, number) = bytes.withUnsafeBytes { bytes in
        let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
        return (Glibc.write(descriptor, rest.baseAddress, rest.count), errno)
      }
      if count < 0 && number == EINTR { continue }
      guard count > 0 else {
        throw SessionViewError(errno: count < 0 ? number : EIO, path: path)
      }
      written += count
    }
  }

  /// Gives the file its name.
  mutating func finish() throws(SessionViewError) {
    // Some file systems say only here that the disk is full.
    let closed = close(descriptor)
    let number = errno
    descriptor = -1
    if closed == 0 {
      guard let part else { return }
      if rename(part, path) == 0 { return }
      let number = errno
      unlink(part)
      throw SessionViewError(errno: number, path: path)
    }
    if let part { unlink(part) }
    throw SessionViewError(errno: number, path: path)
  }

  /// Writes all bytes at once.
  static func write(_ bytes: [UInt8], to path: String) throws(SessionViewError) {
    var file = try PictureFile(path: path)
    try file.append(bytes)
    try file.finish()
  }

  /// Calls `body` with the file's bytes, `pieceLength` at a time.
  static func read(
    _ path: String, pieceLength: Int, _ body: ([UInt8]) throws(SessionViewError) -> Void
  ) throws(SessionViewError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SessionViewError(errno: errno, path: path) }
    defer { close(descriptor) }
    var piece = [UInt8](repeating: 0, count: pieceLength)
    var filled = 0
    while true {
      let (count, number) = piece.withUnsafeMutableBytes { piece in
        let rest = UnsafeMutableRawBufferPointer(rebasing: piece[filled...])
        return (Glibc.read(descriptor, rest.baseAddress, rest.count), errno)
      }
      if count < 0 {
        guard number == EINTR else { throw SessionViewError(errno: number, path: path) }
        continue
      }
      filled += count
      if count == 0 || filled == pieceLength {
        if filled > 0 { try body(Array(piece[..<filled])) }
        if count == 0 { return }
        filled = 0
      }
    }
  }
}
