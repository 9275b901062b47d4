import Dataflow
package import Duplex

/// What the assistant did in one conversation.
package struct ConversationOutcome: Sendable {
  /// Its answers, oldest first.
  package var answers: [Duplex.Utterance]
  /// What it put out, at 16 kHz.
  package var putOut: [Float]

  /// Notes what the assistant did.
  package init(answers: [Duplex.Utterance], putOut: [Float]) {
    (self.answers, self.putOut) = (answers, putOut)
  }
}

extension ConversationOutcome {
  /// Runs a model in the room of a script.
  ///
  /// - Parameters:
  ///   - model: The model; its voice is at 16 kHz.
  ///   - room: The room, used once.
  ///   - configuration: What may be chosen about the session.
  /// - Throws: ``EvaluationError`` for a voice of another rate; `DuplexError`.
  package init(
    _ model: DuplexModel, in room: ScriptedRoom,
    configuration: DuplexConfiguration = DuplexConfiguration()
  ) async throws {
    guard model.sampleRate == room.sampleRate else {
      throw EvaluationError(
        "the model speaks at \(model.sampleRate) Hz; the rooms of scripts are at "
          + "\(room.sampleRate) Hz")
    }
    let transcript = Protected(Transcript())
    let session = try DuplexSession(
      model: model, configuration: configuration, source: room, sink: room)
    _ = try await session.run(on: .oneThread) { report in
      transcript.withLock { _ = $0.take(report.record, report.events) }
    }
    self.init(answers: transcript.withLock { $0.utterances }, putOut: room.putOut)
  }
}
