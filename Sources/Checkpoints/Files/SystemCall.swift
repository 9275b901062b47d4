import Glibc

/// The one place where calls of the operating system are checked.
enum SystemCall {
  /// Runs a call that reports failure by -1 and keeps its `errno`, repeating it when interrupted.
  ///
  /// - Throws: ``CheckpointError`` with the file, what was tried and the system's reason.
  @discardableResult
  static func check<Result: FixedWidthInteger & SignedInteger>(
    _ purpose: String, file: String, _ call: () -> Result
  ) throws(CheckpointError) -> Result {
    while true {
      let result = call()
      if result != -1 { return result }
      let code = errno
      if code == EINTR { continue }
      throw failure(purpose, file: file, code: code)
    }
  }

  /// Describes a failed call.
  static func failure(_ purpose: String, file: String, code: CInt) -> CheckpointError {
    let isMissing = code == ENOENT || code == ENOTDIR
    return CheckpointError(
      isMissing ? .missing : .unreadable, file: file,
      reason: isMissing ? "there is no such file" : "cannot \(purpose): \(text(of: code))")
  }

  private static func text(of code: CInt) -> String {
    switch code {
    case ENOSPC: "the disk is full"
    case EDQUOT: "the disk quota is used up"
    case EACCES, EPERM: "permission denied"
    case EISDIR: "it is a folder"
    case EFBIG: "the file would be larger than allowed"
    case EIO: "the device reports an error"
    case ENOMEM: "not enough address space"
    case EMFILE, ENFILE: "too many open files"
    case ENAMETOOLONG: "the name is too long"
    case ELOOP: "too many symbolic links"
    case EROFS: "the file system is read-only"
    default: "error \(code)"
    }
  }
}
