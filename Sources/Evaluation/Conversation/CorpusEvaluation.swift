package import Duplex
package import Scenarios

/// Runs a model through the conversations of a corpus, several at a time.
package struct CorpusEvaluation: Sendable {
  private let corpus: CorpusReader
  private let model: DuplexModel
  private let echo: Double?
  /// Whether the assistant starts where the script says, not where the model would.
  private let givesTurns: Bool

  /// Prepares it.
  ///
  /// - Parameters:
  ///   - corpus: Conversations; mixed without echo where `echo` is given.
  ///   - model: The model.
  ///   - echo: The factor of the assistant's own sound in the microphone; nil leaves the
  ///     environment as it was mixed.
  ///   - givesTurns: Whether the assistant starts where the script says, and only there.
  /// - Throws: ``EvaluationError`` where the corpus has an echo of its own beside the asked one.
  package init(
    _ corpus: CorpusReader, model: DuplexModel, echo: Double?, givesTurns: Bool = false
  ) throws(EvaluationError) {
    if echo != nil, corpus.records.contains(where: { $0.conditions.echo > 0 }) {
      throw EvaluationError(
        "the corpus was mixed with the echo of its script; mix it with --echo 0")
    }
    (self.corpus, self.model, self.echo, self.givesTurns) = (corpus, model, echo, givesTurns)
  }

  /// What was done in one conversation.
  package func outcome(_ index: Int) async throws -> ConversationOutcome {
    let record = corpus.records[index]
    let room = ScriptedRoom(
      environment: corpus.environment(index),
      echo: EchoPath(record.conditions, factor: echo ?? 0, seed: record.seed))
    var configuration = DuplexConfiguration()
    if givesTurns { configuration.givenStarts = record.assistant.map(\.shift) }
    return try await ConversationOutcome(model, in: room, configuration: configuration)
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
