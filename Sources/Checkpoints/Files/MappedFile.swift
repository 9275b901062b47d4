import Glibc

/// A file mapped into memory, read-only, for as long as the object lives.
///
/// Pages are read from disk when they are first touched, so that opening takes no time and the
/// operating system may drop them again.
///
/// - Important: The file must not be shortened while it is mapped: touching a page that has gone
///   ends the process with `SIGBUS`. To replace a model, write a new file and rename it.
public final class MappedFile: Sendable {
  /// The path as given.
  public let path: String
  // Mapped once, never written, unmapped only when no reference is left.
  nonisolated(unsafe) package let bytes: UnsafeRawBufferPointer

  /// Maps a file.
  ///
  /// - Throws: ``CheckpointError`` where the file is missing, is no ordinary file, is empty or
  ///   cannot be read.
  public init(path: String) throws(CheckpointError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw CheckpointError(.missing, file: path, reason: "is no file name")
    }
    // Without O_NONBLOCK the opening of a named pipe would wait for a writer.
    let descriptor = try SystemCall.check("open it", file: path) {
      open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    }
    defer { close(descriptor) }
    var status = stat()
    try SystemCall.check("read its size", file: path) { fstat(descriptor, &status) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR:
      throw CheckpointError(.unreadable, file: path, reason: "is a folder, expected a file")
    default: throw CheckpointError(.unreadable, file: path, reason: "is no ordinary file")
    }
    let count = Int(status.st_size)
    guard count > 0 else {
      throw CheckpointError(.malformed, file: path, reason: "is empty")
    }
    guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
      address != MAP_FAILED
    else { throw SystemCall.failure("map it into memory", file: path, code: errno) }
    self.path = path
    bytes = UnsafeRawBufferPointer(start: address, count: count)
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
  }
}
