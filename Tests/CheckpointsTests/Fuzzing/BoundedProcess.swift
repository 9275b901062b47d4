import Foundation

/// Limits of the child process in which damaged files are read.
enum BoundedProcess {
  /// From now on at most `bytes` more can be allocated, and the process ends after `seconds`.
  ///
  /// An allocation beyond ends the process, as does the alarm: the test fails.
  static func limit(moreBytes bytes: Int, seconds: UInt32) throws {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmData:") }),
      let kilobytes = line.split(separator: " ").compactMap({ UInt($0) }).first
        ?? line.split(whereSeparator: { !$0.isNumber }).compactMap({ UInt($0) }).first
    else { throw CocoaError(.fileReadCorruptFile) }
    let allowed = kilobytes * 1024 + UInt(bytes)
    var limit = rlimit(rlim_cur: allowed, rlim_max: allowed)
    guard setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit) == 0 else {
      throw CocoaError(.featureUnsupported)
    }
    alarm(seconds)
  }
}
