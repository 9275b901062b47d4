import ArgumentParser
package import Dataflow

/// What a replay runs on.
package enum ReplaySchedule: Hashable, Sendable, CustomStringConvertible {
  /// The threads of a live session.
  case live
  /// One thread.
  case oneThread
  /// One thread and virtual time, first in first out.
  case simulation
  /// The same, with the order drawn by a seed.
  case random(seed: UInt64)

  /// The schedules of `--all`.
  static let all: [ReplaySchedule] = [.simulation, .oneThread, .live]

  /// What the stages run on.
  package var plan: ExecutorPlan {
    switch self {
    case .live: .live
    case .oneThread: .oneThread
    case .simulation: .replay(Simulation())
    case .random(let seed): .replay(Simulation(.random(seed: seed)))
    }
  }

  /// The name as it is given.
  package var description: String {
    switch self {
    case .live: "live"
    case .oneThread: "one-thread"
    case .simulation: "simulation"
    case .random(let seed): "random:\(seed)"
    }
  }
}

extension ReplaySchedule: ExpressibleByArgument {
  package init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    switch argument {
    case "live": self = .live
    case "one-thread": self = .oneThread
    case "simulation": self = .simulation
    case _ where parts.count == 2 && parts[0] == "random":
      guard let seed = UInt64(parts[1]) else { return nil }
      self = .random(seed: seed)
    default: return nil
    }
  }
}
