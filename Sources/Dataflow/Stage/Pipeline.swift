/// The failure of a stage.
public struct PipelineError: Error, CustomStringConvertible {
  /// The stage that failed first.
  public let stage: StageID
  /// What it threw.
  public let underlying: any Error

  /// The stage and its error, in one line.
  public var description: String { "The \(stage.rawValue) stage failed: \(underlying)" }
}

/// Stages and the edges between them, run as one task with a child for each stage.
///
/// ```swift
/// let pipeline = Pipeline(stages: [capture, encoder], edges: [blocks.writer.edge])
/// try await pipeline.run(on: .live)
/// ```
///
/// It ends in flow order: when a stage returns, the edges it writes are finished, so that the
/// next stage gets the last items, then nil, and returns in turn.
public struct Pipeline: Sendable {
  private let stages: [any Stage]
  private let edges: [AnyEdge]

  /// Joins stages.
  ///
  /// - Parameters:
  ///   - stages: The stages in flow order, one for each ID at most.
  ///   - edges: Every edge between them, and to and from the outside. Those named with a writer
  ///     or reader are finished or closed when that stage returns.
  public init(stages: [any Stage], edges: [AnyEdge]) {
    precondition(
      Set(stages.map(\.id)).count == stages.count, "A pipeline has one stage for each ID")
    self.stages = stages
    self.edges = edges
  }

  /// Runs until every stage has returned.
  ///
  /// The first stage that throws cancels the others.
  ///
  /// - Parameter plan: What runs where.
  /// - Throws: ``PipelineError`` with the stage that failed first; `CancellationError` where the
  ///   calling task is cancelled; ``DeadlockError`` from a simulation.
  public func run(on plan: ExecutorPlan) async throws {
    switch plan.kind {
    case .pool:
      try await runStages { _ in nil }
    case .threads(let groups):
      try await withThreads(groups) { executors in
        try await runStages { executors[$0] }
      }
    case .simulation(let simulation):
      try await simulation.run(watching: edges) {
        try await runStages { _ in simulation }
      }
    }
  }

  /// How a stage ended.
  private struct StageEnd: Sendable {
    let stage: StageID
    let error: (any Error)?
  }

  private func runStages(
    _ executor: (StageID) -> (any TaskExecutor)?
  ) async throws {
    let failure = await withTaskGroup(of: StageEnd.self) { group in
      for stage in stages {
        group.addTask(name: stage.id.rawValue, executorPreference: executor(stage.id)) {
          await run(stage)
        }
      }
      var failure: PipelineError?
      for await end in group {
        guard let error = end.error else { continue }
        group.cancelAll()
        // Others end with a cancellation because of the first; a real error is never hidden by it.
        if failure == nil
          || (failure?.underlying is CancellationError && !(error is CancellationError))
        {
          failure = PipelineError(stage: end.stage, underlying: error)
        }
      }
      return failure
    }
    guard let failure else { return }
    if failure.underlying is CancellationError && Task.isCancelled { throw CancellationError() }
    throw failure
  }

  private func run(_ stage: any Stage) async -> StageEnd {
    do {
      try await stage.run()
      // Not after a failure: the others then learn by cancellation, never by what looks like the
      // end of the input.
      endEdges(of: stage.id)
      return StageEnd(stage: stage.id, error: nil)
    } catch {
      return StageEnd(stage: stage.id, error: error)
    }
  }

  private func endEdges(of stage: StageID) {
    for edge in edges {
      if edge.name.writer == stage { edge.control.finish() }
      if edge.name.reader == stage { edge.control.close() }
    }
  }
}

/// Runs `body` with a thread for each group of stages; they are gone when it returns.
private func withThreads(
  _ groups: [[StageID]], _ body: ([StageID: ThreadExecutor]) async throws -> Void
) async throws {
  var executors: [StageID: ThreadExecutor] = [:]
  var threads: [ThreadExecutor] = []
  defer { for thread in threads { thread.stop() } }
  for group in groups {
    let thread = ThreadExecutor(name: group.map(\.rawValue).joined(separator: "+"))
    threads.append(thread)
    for stage in group { executors[stage] = thread }
  }
  try await body(executors)
}
