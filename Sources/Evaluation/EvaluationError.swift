/// Why something cannot be measured: one line that says what to do.
package struct EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was found, and what to do.
  package let reason: String

  /// Describes a failure.
  package init(_ reason: String) { self.reason = reason }

  /// The reason.
  package var description: String { reason }
}
