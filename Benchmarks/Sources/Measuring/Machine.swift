import Foundation

/// What a figure was measured on.
public struct Machine: Codable, Sendable {
  /// The processor's name.
  public let processor: String
  /// How many processors there are.
  public let processors: Int
  /// The work of others: processes that wanted to run, as a mean of the last minute.
  public let load: Double
  /// The commit of the working tree, with a plus where files differ from it.
  public let commit: String
  /// When.
  public let date: String

  /// Looks at this machine.
  public init() {
    let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = information.split(separator: "\n").first { $0.hasPrefix("model name") }
    processor =
      line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? "unknown"
    processors = ProcessInfo.processInfo.activeProcessorCount
    let loads = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? ""
    load = loads.split(separator: " ").first.flatMap { Double($0) } ?? 0
    commit = Self.git(["describe", "--always", "--dirty=+"])
    date = ISO8601DateFormatter().string(from: Date())
  }

  private static func git(_ arguments: [String]) -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git"] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return "unknown" }
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: output, as: UTF8.self).trimmingCharacters(
      in: .whitespacesAndNewlines)
    return text.isEmpty ? "unknown" : text
  }
}
