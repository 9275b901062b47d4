import Kernels

/// Rows that wait for those of another way, which looks further ahead.
struct RowQueue: Sendable {
  let columns: Int
  private var values: [Float] = []

  init(columns: Int) { self.columns = columns }

  /// The number of rows that wait.
  var count: Int { values.count / columns }

  mutating func append(_ rows: Matrix) {
    precondition(rows.columns == columns)
    values += rows.values
  }

  /// Takes the oldest rows.
  mutating func take(_ rows: Int) -> Matrix {
    let end = rows * columns
    let result = Matrix(rows: rows, columns: columns, values: Array(values[..<end]))
    values.removeFirst(end)
    return result
  }

  mutating func reset() { values = [] }
}
