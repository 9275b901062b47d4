/// What the language model may say in a block, and what it means: listening, speaking, or playing
/// out after the text.
///
/// A pure machine: it knows no model and no time. These are not turn-taking rules: it only holds
/// the alphabet of each state, as training did; when to change is the model's decision alone.
package struct TurnState: Hashable, Sendable {
  /// What the assistant does.
  package enum Phase: Hashable, Sendable {
    /// It hears and says nothing: `<think>` or `<shift>`.
    case listening
    /// It speaks and its text goes on: text, `<think>` or `<shift>`.
    case text
    /// It speaks and its text is complete; sound still plays: `<think>` or `<shift>`.
    case playing
  }

  /// A decision of the model, without the identity of the text.
  package enum Decision: Hashable, Sendable {
    case think
    case shift
    case text
  }

  /// What a decision does.
  package enum Action: Hashable, Sendable {
    /// Nothing changes.
    case stay
    /// An answer begins: its first text token is to be predicted in this same block.
    case begin
    /// A piece of text comes.
    case say
    /// The text of the answer is complete.
    case endText
    /// The assistant listens again: a yield, or the natural end of an answer.
    case stop
  }

  /// What the assistant does now.
  package private(set) var phase = Phase.listening
  /// The text tokens of the answer so far.
  package private(set) var textTokens = 0
  /// The longest text of an answer; a model that never ends its text would fill its context.
  package let maximumText: Int

  /// Begins by listening.
  package init(maximumText: Int) {
    precondition(maximumText >= 1, "An answer has at least one text token")
    self.maximumText = maximumText
  }

  /// Whether the next decision may be text.
  package var allowsText: Bool { phase == .text && textTokens < maximumText }

  /// Whether the assistant has the floor.
  package var isSpeaking: Bool { phase != .listening }

  /// Takes a decision of the model.
  ///
  /// - Returns: What it does. After ``Action/begin`` the first text token is reported by
  ///   ``acceptFirstText()``.
  package mutating func accept(_ decision: Decision) -> Action {
    switch (phase, decision) {
    case (.listening, .think), (.playing, .think):
      return .stay
    case (.listening, .shift):
      phase = .text
      textTokens = 0
      return .begin
    case (.text, .think):
      phase = .playing
      return .endText
    case (.text, .text) where allowsText:
      textTokens += 1
      return .say
    case (.text, .shift), (.playing, .shift):
      phase = .listening
      return .stop
    case (.listening, .text), (.playing, .text), (.text, .text):
      fatalError("No text is allowed in \(self)")
    }
  }

  /// Counts the first text token of an answer.
  package mutating func acceptFirstText() {
    precondition(phase == .text && textTokens == 0, "No answer begins in \(self)")
    textTokens = 1
  }
}
