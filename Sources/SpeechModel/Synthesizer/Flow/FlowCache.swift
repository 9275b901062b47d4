import Kernels

/// The keys and values of one attention layer, for one sequence.
///
/// Pinned rows are shared by all copies; ``FlowContext`` says where the recent ones go.
struct FlowCache: Sendable {
  private let width: Int
  private var pinnedKeys: [Float] = []
  private var pinnedValues: [Float] = []
  private var recentKeys: [Float] = []
  private var recentValues: [Float] = []

  /// Makes an empty cache of keys and values of a width.
  init(width: Int) {
    self.width = width
  }

  /// The bytes of all keys and values.
  var byteCount: Int { 2 * 4 * (pinnedKeys.count + recentKeys.count) }

  /// Writes rows of keys and values at the slot of a chunk.
  mutating func write(keys: Matrix, values: Matrix, from row: Int, at span: FlowSpan) {
    precondition(keys.columns == width && values.columns == width)
    let range = row * width..<(row + span.rows) * width
    Self.write(keys.values[range], to: &recentKeys, at: span.slot * width)
    Self.write(values.values[range], to: &recentValues, at: span.slot * width)
  }

  private static func write(_ source: ArraySlice<Float>, to rows: inout [Float], at start: Int) {
    let overlap = start..<min(rows.count, start + source.count)
    precondition(start <= rows.count)
    rows.replaceSubrange(overlap, with: source)
  }

  /// Makes all rows pinned ones.
  mutating func pin() {
    precondition(pinnedKeys.isEmpty)
    swap(&pinnedKeys, &recentKeys)
    swap(&pinnedValues, &recentValues)
  }

  /// Forgets the recent rows, but keeps their memory.
  mutating func forget() {
    recentKeys.removeAll(keepingCapacity: true)
    recentValues.removeAll(keepingCapacity: true)
  }

  /// Memory of rows that lie below each other.
  struct Rows {
    let keys: UnsafePointer<Float>
    let values: UnsafePointer<Float>
    let count: Int
  }

  /// Shows the rows of a span: the pinned ones, then the given ranges of the recent ones.
  func withRows(_ span: FlowSpan, _ ranges: [Range<Int>], _ body: ([Rows]) -> Void) {
    pinnedKeys.withUnsafeBufferPointer { pinnedKeys in
      pinnedValues.withUnsafeBufferPointer { pinnedValues in
        recentKeys.withUnsafeBufferPointer { recentKeys in
          recentValues.withUnsafeBufferPointer { recentValues in
            var rows: [Rows] = []
            if span.pinned > 0, let keys = pinnedKeys.baseAddress,
              let values = pinnedValues.baseAddress
            {
              precondition(pinnedKeys.count == span.pinned * width)
              rows.append(Rows(keys: keys, values: values, count: span.pinned))
            }
            if let keys = recentKeys.baseAddress, let values = recentValues.baseAddress {
              for range in ranges {
                precondition(range.upperBound * width <= recentKeys.count)
                let offset = range.lowerBound * width
                rows.append(
                  Rows(keys: keys + offset, values: values + offset, count: range.count))
              }
            }
            body(rows)
          }
        }
      }
    }
  }
}
