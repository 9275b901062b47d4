/// Groups the tokens of an utterance into labels: words where all have room in one lane, else lines
/// of a few words under each other.
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

  /// The widths of a label, tried in turn: words where they fit beside each other, else lines of a
  /// few words, which are read best.
  private static let limits = [0.0, 140, 210, 300, 90, 50]

  /// Labels for all utterances, and where they lie.
  package static func place(
    _ utterances: [[Token]], in lanes: LabelLanes, size: Double, padding: Double,
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
            width: measure.measure(piece.text, size: size) + padding)
        }
        let added = trial.placements.dropFirst(lanes.placements.count)
        if limit == 0, added.contains(where: { $0.lane != added.first?.lane }) { continue }
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
      // The rest of a word and its punctuation stay with its beginning.
      let limit = token.text.hasPrefix(" ") ? limit : limit + 40
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
