import Glibc

/// A file that is written beside its final name and takes that name only when it is whole.
///
/// Unless ``finish()`` is called the partial file is removed at the end, so that a crash of the
/// program or a full disk never leaves half a model under the model's name.
package struct OutputFile: ~Copyable {
  private let path: String
  private let partial: String?
  private let descriptor: CInt
  package private(set) var count = 0

  /// Begins a file.
  package init(path: String) throws(CheckpointError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw CheckpointError(.missing, file: path, reason: "is no file name")
    }
    let partial = "\(path).\(getpid()).partial"
    descriptor = try SystemCall.check("create it", file: path) {
      open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    }
    self.path = path
    self.partial = partial
  }

  /// Writes to something that is there, such as a device.
  package init(device path: String) throws(CheckpointError) {
    descriptor = try SystemCall.check("open it", file: path) { open(path, O_WRONLY | O_CLOEXEC) }
    self.path = path
    partial = nil
  }

  deinit {
    close(descriptor)
    if let partial { unlink(partial) }
  }

  /// Adds bytes at the end.
  package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    let descriptor = descriptor
    var rest = bytes
    while !rest.isEmpty {
      let written = try SystemCall.check("write to it", file: path) {
        Glibc.write(descriptor, rest.baseAddress, rest.count)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      count += written
    }
  }

  /// Adds bytes at the end.
  package mutating func append(_ bytes: [UInt8]) throws(CheckpointError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(CheckpointError) in
      try append(UnsafeRawBufferPointer(bytes))
    }
  }

  /// Adds zeros up to a multiple of `alignment`.
  package mutating func pad(to alignment: Int) throws(CheckpointError) {
    try append([UInt8](repeating: 0, count: (alignment - count % alignment) % alignment))
  }

  /// Makes the file durable and gives it its name.
  package consuming func finish() throws(CheckpointError) {
    let descriptor = descriptor
    try SystemCall.check("write it to the disk", file: path) { fsync(descriptor) }
    guard let partial else { return }
    let path = path
    try SystemCall.check("give it its name", file: path) { rename(partial, path) }
    // The name itself is durable only once the folder is; a folder that cannot be synced is left.
    let folder = open(FilePath.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  /// Writes a whole file at once.
  package static func write(_ bytes: [UInt8], to path: String) throws(CheckpointError) {
    var file = try OutputFile(path: path)
    try file.append(bytes)
    try file.finish()
  }
}
