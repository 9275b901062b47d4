/// A kind of question: its phrasings, its answer, and where the words in braces come from.
package struct Form: Sendable, Codable {
  package var id: String
  package var topic: String
  /// The table whose rows fill the braces.
  package var table: String?
  /// The computation that fills the braces `a`, `b` and `c`.
  package var compute: Computation?
  /// The least and the greatest operand; for digits the least and the greatest count.
  package var range: [Int]?
  package var ask: [String]
  /// Phrasings of tests only.
  package var held: [String]?
  /// Phrasings of validation only.
  package var tried: [String]?
  package var answer: String
  package var weight: Double

  /// All phrasings of all splits.
  var phrasings: [String] { ask + (held ?? []) + (tried ?? []) }

  /// Phrasings that no other split has.
  package func own(of split: Split) -> [String] {
    switch split {
    case .train: []
    case .valid: tried ?? []
    case .test: held ?? []
    }
  }
}

/// How a computed form's braces are filled.
package enum Computation: String, Sendable, Codable {
  case sum, difference, product, double, half, next, previous, middle, larger, smaller, parity
  case one, digits, reversed
}

/// One filling of a form's braces.
package struct Filling: Sendable, Equatable {
  /// Names it, for the splits.
  package var id: String
  /// What the braces stand for.
  package var words: [String: String]
  /// Whether it may be kept out of training: not where nothing else in the world implies it.
  package var mayBeHeld: Bool

  /// A template with its braces filled.
  package func fill(_ template: String) -> String {
    var text = template
    for (name, value) in words { text = text.replacing("{\(name)}", with: value) }
    return text
  }
}

extension Computation {
  /// Whether a fact, not a rule, stands behind it: then a filling is held for a phrasing only.
  var isFact: Bool { self == .double || self == .half }

  /// Every filling with operands in a range, in a fixed order; none for digits, which are drawn.
  func fillings(_ range: ClosedRange<Int>) -> [Filling] {
    func filling(_ a: Int, _ b: Int?, _ result: String, held: Bool = true) -> Filling {
      var words = ["a": NumberWords.words(a), "c": result]
      if let b { words["b"] = NumberWords.words(b) }
      let id = b.map { "\(a),\($0)" } ?? "\(a)"
      return Filling(id: id, words: words, mayBeHeld: held)
    }
    func pairs(_ make: (Int, Int) -> Filling?) -> [Filling] {
      range.flatMap { a in range.compactMap { make(a, $0) } }
    }
    let words = NumberWords.words
    // Of a + b and b + a only one order is held, so that the rule can be learned from the other.
    return switch self {
    case .sum: pairs { filling($0, $1, words($0 + $1), held: $0 < $1 && $0 > 0) }
    case .product: pairs { filling($0, $1, words($0 * $1), held: $0 < $1 && $0 > 0) }
    case .difference:
      pairs { $1 <= $0 ? filling($0, $1, words($0 - $1), held: $1 > 0 && $1 < $0) : nil }
    case .larger: pairs { $0 == $1 ? nil : filling($0, $1, words(max($0, $1))) }
    case .smaller: pairs { $0 == $1 ? nil : filling($0, $1, words(min($0, $1))) }
    case .middle: range.map { filling($0, $0 + 2, words($0 + 1)) }
    case .double: range.map { filling($0, nil, words(2 * $0)) }
    case .half: range.filter { $0 % 2 == 0 }.map { filling($0, nil, words($0 / 2)) }
    case .next: range.map { filling($0, nil, words($0 + 1), held: $0 > 20) }
    case .previous: range.map { filling($0, nil, words($0 - 1), held: $0 > 20) }
    case .parity:
      range.map { filling($0, nil, $0 % 2 == 0 ? "even" : "odd", held: $0 > 20) }
    case .one: range.map { filling($0, nil, "") }
    case .digits, .reversed: []
    }
  }

  /// The filling of a series of digits.
  static func filling(digits: [Int]) -> Filling {
    Filling(
      id: digits.map(String.init).joined(),
      words: [
        "a": NumberWords.digits(digits), "c": NumberWords.digits(digits.reversed()),
      ], mayBeHeld: true)
  }
}
