/// Why a model file cannot be used: names the file, the tensor or key, and what was expected.
public struct CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: String, Sendable {
    /// The file cannot be opened or read.
    case unreadable
    /// The file breaks the rules of its format.
    case malformed
    /// A tensor or key that is needed is not there.
    case missing
    /// A tensor has another shape, or a key another value, than is needed.
    case mismatch
    /// The file is legal but uses something this package does not support.
    case unsupported
  }

  /// The kind of failure.
  public let code: Code
  /// The file, where known.
  public let file: String?
  /// The tensor or key, where one is at fault.
  public let subject: String?
  /// What was found and what was expected.
  public let reason: String

  /// Describes a failure.
  public init(_ code: Code, file: String? = nil, subject: String? = nil, reason: String) {
    self.code = code
    self.file = file
    self.subject = subject
    self.reason = reason
  }

  /// One line: file, subject, reason.
  public var description: String {
    [file, subject, reason].compactMap { $0 }.joined(separator: ": ")
  }

  static func missingTensor(_ name: String, in file: String?) -> CheckpointError {
    CheckpointError(.missing, file: file, subject: name, reason: "there is no such tensor")
  }

  static func wrongShape(
    _ name: String, found: [Int], expected: [Int], in file: String?
  ) -> CheckpointError {
    CheckpointError(
      .mismatch, file: file, subject: name, reason: "has shape \(found), expected \(expected)")
  }
}
