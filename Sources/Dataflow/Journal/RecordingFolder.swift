import Glibc

/// Folders of recordings.
package enum RecordingFolder {
  /// Makes a folder and those above it; one that is there already is no error.
  package static func create(_ path: String) throws(RecordingError) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true)
    var folder = path.hasPrefix("/") ? "/" : ""
    for part in parts {
      folder += "\(part)/"
      guard mkdir(folder, 0o755) != 0 else { continue }
      let number = errno
      // A read-only file system says so before it says that the folder is there.
      if access(folder, F_OK) == 0, part != parts.last || number == EEXIST { continue }
      throw RecordingError(errno: number, path: path)
    }
    guard access(path, W_OK) == 0 else { throw RecordingError(errno: errno, path: path) }
  }
}
