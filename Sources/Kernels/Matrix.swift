/// A dense row-major matrix of activations.
///
/// By convention of this package one row is one time step (a frame or a position) and the
/// columns are its channels.
public struct Matrix: Sendable, Equatable {
  /// The number of rows: time steps.
  public let rows: Int
  /// The number of columns: channels.
  public let columns: Int
  /// The values, row after row: `rows * columns` of them.
  public var values: [Float]

  /// Makes a matrix of zeros.
  public init(rows: Int, columns: Int) {
    self.init(rows: rows, columns: columns, values: [Float](repeating: 0, count: rows * columns))
  }

  /// Makes a matrix of the given values, row after row.
  ///
  /// - Important: Traps unless there are `rows * columns` values.
  public init(rows: Int, columns: Int, values: [Float]) {
    precondition(rows >= 0 && columns >= 0 && values.count == rows * columns)
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// The value at a row and a column.
  public subscript(row: Int, column: Int) -> Float {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  /// One row as a slice of the values.
  public func row(_ index: Int) -> ArraySlice<Float> {
    values[index * columns..<(index + 1) * columns]
  }

  /// The rows of a range, as a matrix of their own.
  public func rows(_ range: Range<Int>) -> Matrix {
    Matrix(
      rows: range.count, columns: columns,
      values: Array(values[range.lowerBound * columns..<range.upperBound * columns]))
  }

  /// Adds the rows of another matrix of the same width at the end.
  public func appending(_ other: Matrix) -> Matrix {
    precondition(columns == other.columns)
    return Matrix(rows: rows + other.rows, columns: columns, values: values + other.values)
  }
}
