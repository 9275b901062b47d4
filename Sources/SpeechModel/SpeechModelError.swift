/// Why the model cannot go on with a stream.
public struct SpeechModelError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: String, Sendable {
    /// A carried state or an output holds infinity or NaN.
    case notFinite
  }

  /// The kind of failure.
  public let code: Code
  /// The part of the model, by the prefix of its tensors.
  public let part: String
  /// What was found, and what helps.
  public let reason: String

  /// Describes a failure.
  public init(_ code: Code, part: String, reason: String) {
    self.code = code
    self.part = part
    self.reason = reason
  }

  /// One line: part, reason.
  public var description: String { "\(part): \(reason)" }
}
