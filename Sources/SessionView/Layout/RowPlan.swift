/// How a session's time is cut into rows.
package struct RowPlan: Equatable {
  /// How much a row shows.
  package enum Detail: Equatable {
    /// One row, large, every block.
    case single
    /// Rows of half a minute to a minute, every block.
    case wrapped
    /// Rows of minutes to hours, without the text, and with a list of events.
    case overview
  }

  package let detail: Detail
  /// The rows, in seconds; all are equally long, so that one second is equally wide in all.
  package let rows: [Range<Double>]

  /// The longest session in one row, in seconds.
  package static let singleLimit = 75.0
  /// The longest session whose every block is shown, in seconds.
  package static let wrappedLimit = 900.0
  /// The most rows of an overview.
  package static let overviewRows = 12

  /// Cuts a range of time, in seconds, into rows.
  package init(range: Range<Double>) {
    let length = range.upperBound - range.lowerBound
    let rowLength: Double
    if length <= Self.singleLimit {
      detail = .single
      rowLength = max(length, 1)
    } else if length <= Self.wrappedLimit {
      detail = .wrapped
      let count = (length / 60 - 1e-9).rounded(.up)
      rowLength = min(60, max(30, (length / count / 5 - 1e-9).rounded(.up) * 5))
    } else {
      detail = .overview
      let nice = [120.0, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400]
      rowLength =
        nice.first { (length / $0 - 1e-9).rounded(.up) <= Double(Self.overviewRows) }
        ?? (length / Double(Self.overviewRows) / 3_600).rounded(.up) * 3_600
    }
    let count = max(1, Int((length / rowLength - 1e-9).rounded(.up)))
    rows = (0..<count).map { row in
      let start = range.lowerBound + Double(row) * rowLength
      return start..<(start + rowLength)
    }
  }
}
