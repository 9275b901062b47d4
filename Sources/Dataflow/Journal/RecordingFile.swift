import Glibc

/// A file that grows by whole pieces; closed when it goes out of scope.
///
/// Each piece is handed to the kernel at once: it survives the end of the process, `kill -9`
/// included. Loss of power may cost what the kernel had not yet put on the disk.
package struct RecordingFile: ~Copyable {
  package let path: String
  private let descriptor: Int32
  /// Where the last whole piece ends.
  private var length: off_t = 0

  /// Creates the file; there must be none of this name.
  package init(creating path: String) throws(RecordingError) {
    descriptor = try Self.checked(path: path) {
      open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
    }
    self.path = path
  }

  /// Writes into what is there, such as a device.
  package init(existing path: String) throws(RecordingError) {
    descriptor = try Self.checked(path: path) { open(path, O_WRONLY | O_CLOEXEC) }
    self.path = path
  }

  deinit { close(descriptor) }

  /// Appends a piece, or leaves the file as it was.
  package mutating func append(_ bytes: [UInt8], block: BlockIndex? = nil) throws(RecordingError) {
    var written = 0
    while written < bytes.count {
      let (count, number) = bytes.withUnsafeBytes { bytes in
        let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
        let count = write(descriptor, rest.baseAddress, rest.count)
        return (count, errno)
      }
      if count < 0 && number == EINTR { continue }
      guard count > 0 else {
        // Half a line must not stay in front of the next one. Where this fails too, the reader
        // finds a torn line.
        if written > 0 { _ = ftruncate(descriptor, length) }
        throw RecordingError(errno: count < 0 ? number : EIO, path: path, block: block)
      }
      written += count
    }
    length += off_t(bytes.count)
  }

  /// Everything in a file.
  static func contents(of path: String) throws(RecordingError) -> [UInt8] {
    let descriptor = try checked(path: path) { open(path, O_RDONLY | O_CLOEXEC) }
    defer { close(descriptor) }
    var contents: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let (count, number) = piece.withUnsafeMutableBytes { piece in
        let count = read(descriptor, piece.baseAddress, piece.count)
        return (count, errno)
      }
      if count == 0 { return contents }
      if count > 0 {
        contents.append(contentsOf: piece[..<count])
      } else if number != EINTR {
        throw RecordingError(errno: number, path: path)
      }
    }
  }

  private static func checked(
    path: String, _ call: () -> Int32
  ) throws(RecordingError) -> Int32 {
    while true {
      let result = call()
      let number = errno
      if result >= 0 { return result }
      if number != EINTR { throw RecordingError(errno: number, path: path) }
    }
  }
}
