/// Where a time axis has its marks.
package struct TimeTicks: Equatable {
  /// Seconds between two labels.
  package let step: Double
  /// Seconds between two marks.
  package let minorStep: Double
  /// The times with a label.
  package let major: [Double]
  /// The times with a mark only.
  package let minor: [Double]

  /// Steps that people count in, with the number of parts that each has.
  private static let steps: [(seconds: Double, parts: Int)] = [
    (0.01, 2), (0.02, 2), (0.05, 5), (0.1, 5), (0.2, 4), (0.5, 5), (1, 5), (2, 4), (5, 5),
    (10, 5), (15, 3), (30, 3), (60, 6), (120, 4), (300, 5), (600, 5), (900, 3), (1_800, 3),
    (3_600, 4), (7_200, 4), (21_600, 6), (43_200, 4), (86_400, 4),
  ]

  /// Chooses the finest step whose labels have room.
  ///
  /// - Parameters:
  ///   - range: The axis, in seconds.
  ///   - width: Its length in points.
  ///   - spacing: The least distance of two labels in points.
  package init(range: Range<Double>, width: Double, spacing: Double = 64) {
    let length = max(range.upperBound - range.lowerBound, 1e-9)
    let choice =
      Self.steps.first { $0.seconds / length * width >= spacing }
      ?? ((length / 86_400).rounded(.up) * 86_400, 4)
    step = choice.seconds
    minorStep = choice.seconds / Double(choice.parts)
    let tolerance = minorStep * 1e-6
    let first = Int(((range.lowerBound - tolerance) / minorStep).rounded(.up))
    let last = Int(((range.upperBound + tolerance) / minorStep).rounded(.down))
    var (major, minor): ([Double], [Double]) = ([], [])
    for index in first...max(first, last) where index <= last {
      if index.isMultiple(of: choice.parts) {
        major.append(Double(index / choice.parts) * step)
      } else {
        minor.append(Double(index) * minorStep)
      }
    }
    (self.major, self.minor) = (major, minor)
  }

  /// A tick's label: seconds up to a minute, then minutes and seconds.
  package func label(_ time: Double) -> String {
    let decimals = step < 0.1 ? 2 : step < 1 ? 1 : 0
    return time.clockText(decimals: decimals)
  }
}
