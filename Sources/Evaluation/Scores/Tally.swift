/// How often something was the case.
package struct Tally: Sendable, Equatable {
  /// How often it was.
  package private(set) var hits = 0
  /// How often it could have been.
  package private(set) var count = 0

  /// Nothing yet.
  package init() {}

  /// Counts one case.
  package mutating func note(_ isHit: Bool) {
    hits += isHit ? 1 : 0
    count += 1
  }

  /// The share from 0 to 1; nil where there was no case.
  package var share: Double? { count > 0 ? Double(hits) / Double(count) : nil }

  static func + (first: Tally, second: Tally) -> Tally {
    var sum = first
    sum.hits += second.hits
    sum.count += second.count
    return sum
  }
}

/// Precision, recall and their harmonic mean.
package struct F1: Sendable, Equatable {
  package let precision: Double?
  package let recall: Double?
  /// The cases of both kinds.
  package let count: Int

  private let isComplete: Bool

  /// From how often the assistant stopped where it should, and where it should not.
  package init(wanted: Tally, unwanted: Tally) {
    let stops = wanted.hits + unwanted.hits
    isComplete = wanted.count > 0 && unwanted.count > 0
    precision = isComplete && stops > 0 ? Double(wanted.hits) / Double(stops) : nil
    recall = wanted.share
    count = wanted.count + unwanted.count
  }

  /// The harmonic mean; nil where there was no case of either kind, 0 where nothing was right.
  package var value: Double? {
    guard let recall, isComplete else { return nil }
    let precision = precision ?? 0
    return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
  }
}
