/// Which stage runs where: the one place that knows.
///
/// Stages are default actors and their tasks start with an executor preference, so that a stage
/// is on its executor after every receive, send and sleep.
public struct ExecutorPlan: Sendable {
  enum Kind: Sendable {
    case pool
    case threads([[StageID]])
    case simulation(Simulation)
  }

  let kind: Kind

  /// For conversation: one thread for capture and playback, which only wait and copy, one for
  /// encoder and synthesizer, one for the language step.
  public static let live = ExecutorPlan.threads([
    [.capture, .playback], [.encoder, .synthesizer], [.language],
  ])

  /// Every stage on one thread.
  public static let oneThread = ExecutorPlan.threads([StageID.allCases])

  /// Wherever the caller runs: the default pool, or the executor that the calling task prefers.
  ///
  /// Inside ``Simulation/run(watching:_:)`` that is the simulation.
  public static let pool = ExecutorPlan(kind: .pool)

  /// One named thread for each group of stages; stages in no group run on the default pool.
  ///
  /// - Parameter groups: The stages that share a thread; a stage is in one group at most.
  /// - Returns: The plan. Its threads start and end with each run.
  public static func threads(_ groups: [[StageID]]) -> ExecutorPlan {
    let stages = groups.flatMap { $0 }
    precondition(Set(stages).count == stages.count, "A stage is in one group: \(groups)")
    return ExecutorPlan(kind: .threads(groups))
  }

  /// One thread and virtual time.
  ///
  /// - Parameter simulation: What runs the stages; it is also their clock.
  /// - Returns: The plan.
  public static func replay(_ simulation: Simulation) -> ExecutorPlan {
    ExecutorPlan(kind: .simulation(simulation))
  }
}
