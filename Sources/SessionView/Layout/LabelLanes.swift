/// Puts labels beside each other and below each other so that none overlaps another one.
///
/// A label begins at its anchor where there is room, in the first lane that is free there. Where
/// all lanes are taken, the label with most room is shortened to make place, down to a least
/// width; where that does not help, the label is left out.
package struct LabelLanes {
  package struct Placement: Equatable {
    /// Which label it is.
    package let label: Int
    package let lane: Int
    package let x: Double
    /// The room for the text, at most the label's width.
    package var width: Double
    /// Whether the text has to be shortened.
    package var isShortened: Bool
  }

  private let range: ClosedRange<Double>
  private let gap: Double
  private let leastWidth: Double
  /// The last placement of each lane.
  private var lanes: [Int?]

  /// What was placed, in order.
  package private(set) var placements: [Placement] = []
  /// How many labels were left out.
  package private(set) var omitted = 0

  package init(count: Int, range: ClosedRange<Double>, gap: Double = 8, leastWidth: Double = 30) {
    self.range = range
    self.gap = gap
    self.leastWidth = leastWidth
    lanes = Array(repeating: nil, count: count)
  }

  /// Whether every label is there, whole.
  package var isComplete: Bool { omitted == 0 && !placements.contains(where: \.isShortened) }

  /// Places the next label; anchors must not decrease.
  package mutating func place(label: Int, anchor: Double, width: Double) {
    let room = range.upperBound - range.lowerBound
    let shown = min(width, room)
    // At the right edge a label moves to the left, rather than out of the picture.
    let x = max(range.lowerBound, min(anchor, range.upperBound - shown))
    let lane: Int
    if let free = lanes.firstIndex(where: { $0.map { end(of: $0) + gap <= x } ?? true }) {
      lane = free
    } else {
      let starts = lanes.map { $0.map { placements[$0].x } ?? .infinity }
      guard let (best, start) = starts.enumerated().min(by: { $0.element < $1.element }),
        x - gap - start >= leastWidth, let last = lanes[best]
      else {
        omitted += 1
        return
      }
      placements[last].width = x - gap - start
      placements[last].isShortened = true
      lane = best
    }
    lanes[lane] = placements.count
    placements.append(
      Placement(label: label, lane: lane, x: x, width: shown, isShortened: shown < width))
  }

  private func end(of placement: Int) -> Double {
    placements[placement].x + placements[placement].width
  }
}
