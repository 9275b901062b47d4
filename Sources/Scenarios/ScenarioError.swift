/// Why a world, a voice or a corpus cannot be used: one line that says what to do.
package struct ScenarioError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure.
  package enum Code: String, Sendable {
    /// A file cannot be read or written.
    case unreadable
    /// A file's content breaks its rules.
    case malformed
    /// A program or voice that is needed is not there.
    case missing
  }

  /// The kind of failure.
  package let code: Code
  /// The file, program or form at fault.
  package let subject: String
  /// What was found, and what to do.
  package let reason: String

  /// Describes a failure.
  package init(_ code: Code, _ subject: String, _ reason: String) {
    self.code = code
    self.subject = subject
    self.reason = reason
  }

  /// One line: subject, reason.
  package var description: String { "\(subject): \(reason)" }
}
