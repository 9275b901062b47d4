import Dataflow
import Duplex

/// What came of a replay, in lines.
enum ReplayReport {
  static func lines(_ verdict: ReplayVerdict, on schedule: ReplaySchedule) -> [String] {
    let count = "\(verdict.repeatedBlocks) of \(verdict.recordedBlocks) blocks"
    if verdict.repeats {
      return ["\(schedule): every digest repeats, \(count)"] + changes(verdict)
    }
    var lines: [String] = []
    if let divergence = verdict.divergence {
      lines.append("\(schedule): \(divergence)")
      lines.append(tokens(verdict))
    }
    if verdict.repeatedBlocks < verdict.recordedBlocks {
      lines.append(
        "\(schedule): environment.wav holds \(count) only; the journal has more than was kept")
    }
    return lines + changes(verdict)
  }

  private static func tokens(_ verdict: ReplayVerdict) -> String {
    let probability =
      "probabilities of think and shift differ by at most \(verdict.largestProbabilityDifference)"
    guard let block = verdict.firstOtherToken else {
      return "  the tokens are the same in all blocks; \(probability)"
    }
    return "  the tokens differ from \(block) (\(ClockTime.text(block.start))) on; \(probability)"
  }

  private static func changes(_ verdict: ReplayVerdict) -> [String] {
    if verdict.changes.isEmpty {
      return verdict.repeats ? [] : ["  model files, kernels and threads are as they were"]
    }
    return verdict.changes.map { "  changed: \($0)" }
  }

  /// Says where a session did not end by itself.
  static func incomplete(_ journal: Journal) -> String? {
    guard case .end(_, let reason, let detail)? = journal.events.last else {
      return "the session was cut off: the blocks that are whole are repeated"
    }
    return reason == .failed ? "the session ended by a failure: \(detail)" : nil
  }
}
