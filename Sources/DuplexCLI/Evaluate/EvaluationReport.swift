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

  static func json(_ tables: [String: ScoreTable]) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(tables.mapValues(\.rows))
  }
}
