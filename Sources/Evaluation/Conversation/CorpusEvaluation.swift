package import Duplex
package import Scenarios

/// Runs a model through the conversations of a corpus, several at a time.
package struct CorpusEvaluation: Sendable {
  private let corpus: CorpusReader
  private let model: DuplexModel
  private let echo: Double?

  /// Prepares it.
  ///
  /// - Parameters:
  ///   - corpus: Conversations; mixed without echo where `echo` is given.
  ///   - model: The model.
  ///   - echo: The factor of the assistant's own sound in the microphone; nil leaves the
  ///     environment as it was mixed.
  /// - Throws: ``EvaluationError`` where the corpus has an echo of its own beside the asked one.
  package init(
    _ corpus: CorpusReader, model: DuplexModel, echo: Double?
  ) throws(EvaluationError) {
    if echo != nil, corpus.records.contains(where: { $0.conditions.echo > 0 }) {
      throw EvaluationError(
        "the corpus was mixed with the echo of its script; mix it with --echo 0")
    }
    (self.corpus, self.model, self.echo) = (corpus, model, echo)
  }

  /// What was done in one conversation.
  package func outcome(_ index: Int) async throws -> ConversationOutcome {
    let record = corpus.records[index]
    let room = ScriptedRoom(
      environment: corpus.environment(index),
      echo: EchoPath(record.conditions, factor: echo ?? 0, seed: record.seed))
    return try await ConversationOutcome(model, in: room)
  }

  /// Runs the first conversations; outcomes come in the corpus's order.
  ///
  /// - Parameters:
  ///   - count: How many, at most.
  ///   - jobs: How many at a time.
  ///   - observer: Takes each outcome.
  /// - Throws: ``EvaluationError``, `DuplexError`, or what the observer throws.
  package func run(
    count: Int, jobs: Int, observer: (ConversationRecord, ConversationOutcome) async throws -> Void
  ) async throws {
    try await inOrder(min(count, corpus.records.count), jobs: jobs) { index in
      try await outcome(index)
    } take: { index, outcome in
      try await observer(corpus.records[index], outcome)
    }
  }
}
