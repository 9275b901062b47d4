import Glibc

/// Why a recording could not be written or read.
public struct RecordingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: Hashable, Sendable {
    /// There is a file of this name already; recordings are never overwritten.
    case exists
    /// The folder, or the file to be read, is not there.
    case missing
    /// The user may not.
    case denied
    /// The file system is read-only.
    case readOnly
    /// The disk, or the user's share of it, is full.
    case diskFull
    /// Another error of the system, by its number.
    case system(Int32)
    /// The file has no whole first line, or it is no journal's.
    case notAJournal
    /// The journal is of a format version that this build does not read.
    case unknownVersion(Int)
    /// A line, counted from 1, cannot be read.
    case malformed(line: Int)
    /// A value has no form in the journal.
    case notEncodable
  }

  /// The kind of failure.
  public let code: Code
  /// The file.
  public let path: String
  /// The block that was to be recorded, where there is one.
  public let block: BlockIndex?
  /// More about it, or empty.
  public let detail: String

  init(_ code: Code, path: String, block: BlockIndex? = nil, detail: String = "") {
    self.code = code
    self.path = path
    self.block = block
    self.detail = detail
  }

  package init(errno number: Int32, path: String, block: BlockIndex? = nil) {
    let code: Code =
      switch number {
      case EEXIST: .exists
      case ENOENT, ENOTDIR: .missing
      case EACCES, EPERM: .denied
      case EROFS: .readOnly
      case ENOSPC, EDQUOT: .diskFull
      default: .system(number)
      }
    self.init(code, path: path, block: block)
  }

  /// One line with the file, the block and what can be done.
  public var description: String {
    let place = block.map { " at \($0)" } ?? ""
    return "\(path)\(place): \(reason)\(detail.isEmpty ? "" : " (\(detail))")"
  }

  private var reason: String {
    switch code {
    case .exists: "the file exists already; choose another name or move it away"
    case .missing: "there is no such file or folder"
    case .denied: "permission denied"
    case .readOnly: "the file system is read-only; choose another folder"
    case .diskFull: "the disk is full; what was recorded before stays readable"
    case .system(let number): String(cString: strerror(number))
    case .notAJournal: "this is not a session's journal"
    case .unknownVersion(let version):
      "journal format version \(version) is unknown; this build reads version "
        + "\(JournalHeader.currentVersion)"
    case .malformed(let line): "line \(line) cannot be read"
    case .notEncodable: "a value cannot be written"
    }
  }
}
