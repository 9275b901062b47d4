import Glibc

/// Why a picture could not be made.
public struct SessionViewError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: Hashable, Sendable {
    /// The session has neither a block nor a sample.
    case nothingRecorded
    /// The range that was asked for holds nothing of the session.
    case emptyRange
    /// The folder, or the file to be read, is not there.
    case missing
    /// The user may not.
    case denied
    /// The name belongs to a folder.
    case isFolder
    /// The file system is read-only.
    case readOnly
    /// The disk, or the user's share of it, is full.
    case diskFull
    /// Another error of the system, by its number.
    case system(Int32)
    /// The drawing library failed.
    case drawing
  }

  /// The kind of failure.
  public let code: Code
  /// The file, or the picture's title where no file is at fault.
  public let path: String
  /// More about it, or empty.
  public let detail: String

  init(_ code: Code, path: String, detail: String = "") {
    self.code = code
    self.path = path
    self.detail = detail
  }

  init(errno number: Int32, path: String) {
    let code: Code =
      switch number {
      case ENOENT, ENOTDIR: .missing
      case EACCES, EPERM: .denied
      case EISDIR: .isFolder
      case EROFS: .readOnly
      case ENOSPC, EDQUOT: .diskFull
      default: .system(number)
      }
    self.init(code, path: path)
  }

  /// One line with the file and what can be done.
  public var description: String {
    // Names and details come from files; a line stays a line.
    "\(path.printable): \(reason)\(detail.isEmpty ? "" : " (\(detail.printable))")"
  }

  private var reason: String {
    switch code {
    case .nothingRecorded: "nothing was recorded, so there is nothing to draw"
    case .emptyRange: "nothing of the session lies in this range; choose another one"
    case .missing: "there is no such file or folder"
    case .denied: "permission denied"
    case .isFolder: "this is a folder; name a file in it"
    case .readOnly: "the file system is read-only; choose another folder"
    case .diskFull: "the disk is full; choose another one or make room"
    case .system(let number): String(cString: strerror(number))
    case .drawing: "the drawing library failed"
    }
  }
}
