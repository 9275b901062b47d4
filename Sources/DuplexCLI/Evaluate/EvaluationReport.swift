import Evaluation
import Foundation

/// Tables of measures, as text and as JSON.
enum EvaluationReport {
  static func lines(_ table: ScoreTable) -> [String] {
    ModelReport.table(
      table.rows.map { row in
        let value = row.value.map { ModelReport.decimal($0, row.unit.isEmpty ? 3 : 1) } ?? "-"
        return ["  " + row.name, "", value, row.unit, "of \(row.count)"]
      })
  }

  /// One line on what counts as when.
  static var windows: String {
    let times = ConversationScores.windows.sorted { $0.key < $1.key }
      .map { "\($0.key) \(ModelReport.decimal($0.value, 2)) s" }
    return "windows: " + times.joined(separator: "; ")
  }

  /// The windows in seconds, and the rows of each table.
  private struct Tables: Encodable {
    let windows: [String: Double]
    let tables: [String: [ScoreTable.Row]]
  }

  static func json(_ tables: [String: ScoreTable]) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(
      Tables(windows: ConversationScores.windows, tables: tables.mapValues(\.rows)))
  }
}
