package import Dataflow

/// One answer of the assistant.
package struct Utterance: Hashable, Sendable {
  /// The block in which it began.
  package var start: BlockIndex
  /// The block in which the assistant listened again; nil while it speaks.
  package var end: BlockIndex?
  /// Its text so far.
  package var text = ""
  /// Samples that were made and not played, because the assistant yielded; nil where it did not.
  package var yielded: Int?

  /// An answer.
  package init(start: BlockIndex, end: BlockIndex? = nil, text: String = "", yielded: Int? = nil) {
    (self.start, self.end, self.text, self.yielded) = (start, end, text, yielded)
  }
}

/// What the assistant said, answer by answer.
package struct Transcript: Sendable {
  /// What changed with a block.
  package enum Change: Hashable, Sendable {
    /// An answer began.
    case began
    /// The answer is over.
    case ended(Utterance)
  }

  /// The latest answers, oldest first.
  package private(set) var utterances: [Utterance] = []
  private let unspelled: StateTokenIDs?
  private let kept: Int
  private var isSpeaking = false

  /// - Parameters:
  ///   - unspelled: The state tokens of a model that cannot spell: others are shown by number.
  ///   - kept: How many answers are kept, so that memory is flat.
  package init(unspelled: StateTokenIDs? = nil, kept: Int = 500) {
    (self.unspelled, self.kept) = (unspelled, kept)
  }

  /// Takes a block.
  package mutating func take(_ record: BlockRecord, _ events: [JournalEvent]) -> Change? {
    let speaks = record.state == .speaking
    var change: Change?
    if speaks && !isSpeaking {
      if utterances.count >= 2 * kept { utterances.removeFirst(kept) }
      utterances.append(Utterance(start: record.block))
      change = .began
    }
    if let last = utterances.indices.last, utterances[last].end == nil {
      utterances[last].text += Self.printable(text(record))
      if !speaks {
        utterances[last].end = record.block
        for case .yield(_, let samples) in events { utterances[last].yielded = samples }
        change = .ended(utterances[last])
      }
    }
    isSpeaking = speaks
    return change
  }

  private func text(_ record: BlockRecord) -> String {
    if let text = record.text { return text }
    guard let unspelled else { return "" }
    if let first = record.firstText { return "<\(first)>" }
    let isState = record.token == unspelled.think || record.token == unspelled.shift
    return isState ? "" : "<\(record.token)>"
  }

  /// What a model says never moves the cursor: control characters become spaces.
  private static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          switch scalar.properties.generalCategory {
          case .control, .format, .lineSeparator, .paragraphSeparator: " "
          default: scalar
          }
        }))
  }
}

/// The two tokens that are no text.
package struct StateTokenIDs: Hashable, Sendable {
  let think: Int
  let shift: Int

  package init(think: Int, shift: Int) { (self.think, self.shift) = (think, shift) }
}
