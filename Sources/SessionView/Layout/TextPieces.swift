/// Groups the tokens of one utterance into labels: words where there is room, else phrases.
package struct TextPieces {
  package struct Token: Equatable {
    /// Where its block is, on the horizontal.
    package let x: Double
    package let text: String

    package init(x: Double, text: String) { (self.x, self.text) = (x, text) }
  }

  /// A label: some tokens that follow each other.
  package struct Piece: Equatable {
    package let x: Double
    package var text: String
  }

  /// The widths that a label may have, tried in turn; at 0 each token has its own.
  private static let limits = [0.0, 60, 110, 170, 240, 330]

  /// Labels for all utterances, and where they lie.
  package static func place(
    _ utterances: [[Token]], in lanes: LabelLanes, size: Double,
    _ measure: borrowing some TextMeasure & ~Copyable
  ) -> (pieces: [Piece], lanes: LabelLanes) {
    var (pieces, lanes) = ([Piece](), lanes)
    for utterance in utterances {
      var best: (pieces: [Piece], lanes: LabelLanes)?
      for limit in limits {
        let grouped = group(utterance, limit: limit, size: size, measure)
        var trial = lanes
        for (index, piece) in grouped.enumerated() {
          trial.place(
            label: pieces.count + index, anchor: piece.x,
            width: measure.measure(piece.text, size: size))
        }
        let isBetter = best.map { trial.lost < $0.lanes.lost } ?? true
        if isBetter { best = (grouped, trial) }
        if trial.lost == lanes.lost { break }
      }
      guard let best else { continue }
      pieces += best.pieces
      lanes = best.lanes
    }
    return (pieces, lanes)
  }

  private static func group(
    _ tokens: [Token], limit: Double, size: Double,
    _ measure: borrowing some TextMeasure & ~Copyable
  ) -> [Piece] {
    var pieces: [Piece] = []
    for token in tokens {
      // A piece of a word stays with its beginning where both fit into one label.
      if let last = pieces.last, measure.measure(last.text + token.text, size: size) <= limit {
        pieces[pieces.count - 1].text += token.text
      } else {
        pieces.append(Piece(x: token.x, text: String(token.text.drop { $0 == " " })))
      }
    }
    return pieces.filter { !$0.text.isEmpty }
  }
}

extension LabelLanes {
  /// How many labels are not there whole; one that is missing counts more.
  fileprivate var lost: Int { placements.count(where: \.isShortened) + 4 * omitted }
}
