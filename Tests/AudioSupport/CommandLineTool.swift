import Dataflow
import Foundation

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
    _ name: String, _ arguments: [String], environment: [String: String]? = nil
  ) async throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [name] + arguments
    if let environment { process.environment = environment }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    let reading = pipe.fileHandleForReading
    let output = try await withCheckedThrowingContinuation {
      (continuation: CheckedContinuation<String, any Error>) in
      do {
        try process.run()
      } catch {
        return continuation.resume(throwing: error)
      }
      // The end of the output is the end of the command; a thread may wait for it.
      Thread {
        let bytes = (try? reading.readToEnd()) ?? Data()
        continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
      }.start()
    }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(
        command: ([name] + arguments).joined(separator: " "), status: process.terminationStatus,
        output: output)
    }
    return output
  }
}
