public import Dataflow

/// Why a session or a replay could not begin, or ended early.
public struct DuplexError: Error, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: String, Hashable, Sendable {
    /// A setting is out of range, or does not fit the model.
    case configuration
    /// The model gives no usable output.
    case model
    /// A stage failed.
    case stage
    /// The session's folder cannot be written, or what is there is no session.
    case session
  }

  /// The kind of failure.
  public let code: Code
  /// The stage that failed, where it is known.
  public let stage: StageID?
  /// What happened and what helps, in one line.
  public let reason: String

  /// Describes a failure.
  ///
  /// - Parameters:
  ///   - code: The kind of failure.
  ///   - stage: The stage that failed, where it is known.
  ///   - reason: What happened and what helps, in one line.
  public init(_ code: Code, stage: StageID? = nil, reason: String) {
    (self.code, self.stage, self.reason) = (code, stage, reason)
  }

  /// One line: what failed and why.
  public var description: String {
    stage.map { "\($0.rawValue): \(reason)" } ?? reason
  }
}

extension DuplexError {
  static let noUsableLogit = DuplexError(
    .model, stage: .language,
    reason: "no token has a finite score: the model's weights are broken")
}
