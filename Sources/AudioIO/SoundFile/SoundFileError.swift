import Glibc

/// Why a sound file could not be read or written.
public struct SoundFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: Hashable, Sendable {
    /// The file, or the folder to write it in, is not there.
    case missing
    /// The user may not.
    case denied
    /// The file system is read-only.
    case readOnly
    /// It is a folder.
    case isFolder
    /// There is a file of this name already.
    case exists
    /// The disk, or the user's share of it, is full.
    case diskFull
    /// It holds no sound that libsndfile knows.
    case notSound
    /// It holds not one sample.
    case empty
    /// It breaks off or is broken inside.
    case damaged
    /// The rate, the channels or the format are outside of what can be read or written.
    case unsupported
    /// Another error of the system, by its number.
    case system(Int32)
  }

  /// The kind of failure.
  public let code: Code
  /// The file.
  public let path: String
  /// More about it, or empty.
  public let detail: String

  init(_ code: Code, path: String, detail: String = "") {
    (self.code, self.path, self.detail) = (code, path, detail)
  }

  init(errno number: Int32, path: String) {
    let code: Code =
      switch number {
      case ENOENT, ENOTDIR: .missing
      case EACCES, EPERM: .denied
      case EROFS: .readOnly
      case EISDIR: .isFolder
      case EEXIST: .exists
      case ENOSPC, EDQUOT, EFBIG: .diskFull
      default: .system(number)
      }
    self.init(code, path: path)
  }

  /// One line with the file and what can be done.
  public var description: String {
    let text =
      switch code {
      case .missing: "there is no such file or folder; check the path"
      case .denied: "permission denied; check who owns it and its mode"
      case .readOnly: "the file system is read-only; choose another folder"
      case .isFolder: "it is a folder; name a file"
      case .exists: "exists already; choose another name, or allow overwriting"
      case .diskFull: "the disk is full; make room, what was written so far is kept"
      case .notSound: "not a sound file (WAV, FLAC, Ogg and others are read)"
      case .empty: "holds no sound"
      case .damaged: "the file is damaged"
      case .unsupported: "not supported"
      case .system(let number): String(cString: strerror(number))
      }
    return "\(path): \(text)" + (detail.isEmpty ? "" : " (\(detail))")
  }
}
