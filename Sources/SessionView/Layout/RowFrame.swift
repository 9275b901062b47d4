/// Where the panels of one row lie, and how time maps to the horizontal.
package struct RowFrame: Equatable {
  /// What a row's panels measure, from above.
  private struct Heights {
    var waveform: Double
    var probability: Double
    var latency: Double

    init(_ detail: RowPlan.Detail) {
      switch detail {
      case .single: (waveform, probability, latency) = (84, 64, 84)
      case .wrapped: (waveform, probability, latency) = (46, 38, 46)
      case .overview: (waveform, probability, latency) = (34, 0, 34)
      }
    }
  }

  /// The width of a picture in points.
  package static let pageWidth = 1_600.0
  static let margin = 28.0
  /// Where the time axis begins; what is left of it names the panels.
  package static let plotLeft = 136.0
  package static let plotRight = pageWidth - margin
  static let laneHeight = 15.0
  /// The strip of the marks' shapes, and that of the tokens' ticks.
  static let stripHeight = 13.0
  private static let gap = 6.0

  /// The time that the row shows, in seconds.
  package let range: Range<Double>
  package let marks: Box
  package let environment: Box
  package let assistant: Box
  package let state: Box
  /// Nil in an overview.
  package let text: Box?
  /// Nil in an overview.
  package let probability: Box?
  package let latency: Box
  package let axis: Box

  package var top: Double { marks.y }
  package var bottom: Double { axis.bottom }

  /// Lays a row out.
  ///
  /// - Parameters:
  ///   - range: The time that the row shows, in seconds.
  ///   - detail: How much it shows.
  ///   - lanes: How many lanes of labels the events and the text need.
  ///   - top: The upper edge.
  package init(
    range: Range<Double>, detail: RowPlan.Detail, lanes: (marks: Int, text: Int), top: Double
  ) {
    let heights = Heights(detail)
    self.range = range
    var y = top
    func panel(_ height: Double, gap: Double = Self.gap) -> Box {
      defer { y += height + gap }
      return Box(x: Self.plotLeft, y: y, width: Self.plotRight - Self.plotLeft, height: height)
    }
    marks = panel(Double(lanes.marks) * Self.laneHeight + Self.stripHeight, gap: 2)
    environment = panel(heights.waveform, gap: 2)
    assistant = panel(heights.waveform, gap: 2)
    state = panel(detail == .overview ? 6 : 14)
    if detail == .overview {
      (text, probability) = (nil, nil)
    } else {
      text = panel(Double(lanes.text) * Self.laneHeight + 10, gap: 0)
      probability = panel(heights.probability)
    }
    latency = panel(heights.latency, gap: 0)
    axis = panel(20, gap: 0)
  }

  package func x(_ time: Double) -> Double { Self.x(time, in: range) }

  /// Where a time lies in a row of this range.
  static func x(_ time: Double, in range: Range<Double>) -> Double {
    let share = (time - range.lowerBound) / (range.upperBound - range.lowerBound)
    return plotLeft + share * (plotRight - plotLeft)
  }

  /// Points in a second.
  var pointsPerSecond: Double { marks.width / (range.upperBound - range.lowerBound) }
}
