import Dataflow

/// A command that is run to its end.
package enum CommandLineTool {
  package struct Failure: Error, CustomStringConvertible {
    package let command: String
    package let status: Int32
    package let output: String
    package var description: String { "\(command) ended with \(status): \(output)" }
  }

  /// Runs a command and gives what it wrote.
  @discardableResult
  package static func run(
    _ arguments: [String], environment: [String: String]? = nil
  ) async throws -> String {
    let output = Output()
    let status = try await withCheckedThrowingContinuation {
      (continuation: CheckedContinuation<Int32, any Error>) in
      do {
        _ = try ChildProcess(
          arguments, environment: environment,
          output: { piece in output.text.withLock { $0 += piece } },
          ended: { continuation.resume(returning: $0) })
      } catch {
        continuation.resume(throwing: error)
      }
    }
    let text = output.text.withLock { $0 }
    guard status == 0 else {
      throw Failure(command: arguments.joined(separator: " "), status: status, output: text)
    }
    return text
  }

  private final class Output: Sendable {
    let text = Protected("")
  }
}
