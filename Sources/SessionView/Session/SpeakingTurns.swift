package import Dataflow

/// When the assistant was speaking, told from the tokens: each shift token changes it.
package struct SpeakingTurns: Equatable {
  /// From a shift to the next one.
  package struct Turn: Equatable {
    /// The blocks in which the assistant was speaking.
    package var blocks: Range<Int>
    /// Text tokens in it.
    package var textTokens = 0
    /// Whether it ended with sound still to be played.
    package var isYield = false
  }

  /// The tokens that are no text, and how much sound a text token becomes.
  package struct Vocabulary: Equatable {
    /// The id of `<think>`.
    var think: Int?
    /// The id of `<shift>`; without it nobody ever speaks.
    var shift: Int?
    /// Text tokens from the shift to the first sound.
    var textChunk = 4
    /// Speech tokens, of 40 ms, that a chunk of text becomes.
    var speechChunk = 12

    /// Reads what the session's configuration says.
    package init(configuration: JSONValue) {
      guard case .object(let values) = configuration else { return }
      func integer(_ name: String) -> Int? {
        if case .integer(let value)? = values[name] { value } else { nil }
      }
      (think, shift) = (integer("thinkToken"), integer("shiftToken"))
      if let chunk = integer("textChunk"), chunk > 0 { textChunk = chunk }
      if let chunk = integer("speechChunk"), chunk > 0 { speechChunk = chunk }
    }
  }

  package private(set) var turns: [Turn] = []

  /// The most blocks of pending sound that a natural end may have.
  static let naturalEnd = 2.0
  /// Where the record says how many blocks of sound are still to be played.
  static let pendingQueue = "playout"

  /// Reads the turns from the records.
  ///
  /// - Parameters:
  ///   - records: The blocks, in order.
  ///   - vocabulary: What the tokens mean.
  ///   - isSilent: Whether the assistant is silent in a block.
  package init(_ records: [BlockRecord], _ vocabulary: Vocabulary, isSilent: (Int) -> Bool) {
    guard let shift = vocabulary.shift else { return }
    var open: Turn?
    for record in records {
      let block = record.block.position
      guard record.token == shift else {
        if record.token != vocabulary.think, record.text != nil { open?.textTokens += 1 }
        continue
      }
      guard var turn = open else {
        open = Turn(blocks: block..<block)
        continue
      }
      turn.blocks = turn.blocks.lowerBound..<block
      if let pending = record.queues[Self.pendingQueue] {
        turn.isYield = Double(pending) > Self.naturalEnd
      } else {
        // Sound that was made of the text, less what was played since; it must also have stopped.
        let sound =
          Double(turn.textTokens * vocabulary.speechChunk) / Double(vocabulary.textChunk) / 2
        let end = Double(turn.blocks.lowerBound + vocabulary.textChunk) + sound
        turn.isYield =
          end - Double(block) > Self.naturalEnd && isSilent(block + 1) && isSilent(block + 2)
      }
      turns.append(turn)
      open = nil
    }
    if var turn = open, let last = records.last {
      turn.blocks = turn.blocks.lowerBound..<last.block.next.position
      turns.append(turn)
    }
  }
}
