import Foundation
import Kernels

/// The encodings of distances between query and key, for one relative attention layer.
///
/// Distances are encoded by sine and cosine and mapped by the layer's `linear_pos`, each once, in
/// blocks that always hold the same distances: the values do not depend on when they are made.
struct FlowPositions: Sendable {
  private static let block = 64
  private let linear: Linear
  /// Distances that are needed all the time, and those to a prompt that lies ever further back.
  private var near = Table()
  private var far = Table()

  private struct Table: Sendable {
    var range = 0..<0
    var values: [Float] = []

    func contains(_ part: Range<Int>) -> Bool {
      part.lowerBound >= range.lowerBound && part.upperBound <= range.upperBound
    }
  }

  init(_ linear: Linear) {
    self.linear = linear
  }

  /// The bytes of all encodings held.
  var byteCount: Int { 4 * (near.values.count + far.values.count) }

  /// Makes the distances that a chunk needs.
  mutating func cover(_ span: FlowSpan, isBounded: Bool) {
    let segments = [FlowSegment(rows: 0..<span.pinned, position: 0)] + span.recent
    let ranges = segments.filter { !$0.rows.isEmpty }.map { segment in
      let first = span.position - segment.position
      return first - segment.rows.count + 1..<first + span.rows
    }
    // Without a bound everything back to the start is seen, so that one table is enough.
    // With one, the segments from the chunk's own back to a gap are the ones that stay.
    var (lower, upper) = (1 - span.rows, span.rows)
    var rest: [Range<Int>] = []
    for range in ranges.sorted(by: { $0.upperBound < $1.upperBound }) {
      if !isBounded || range.lowerBound <= upper {
        (lower, upper) = (min(lower, range.lowerBound), max(upper, range.upperBound))
      } else {
        rest.append(range)
      }
    }
    extend(&near, to: lower..<upper, dropping: false)
    if let first = rest.map(\.lowerBound).min(), let last = rest.map(\.upperBound).max() {
      extend(&far, to: first..<last, dropping: true)
    }
  }

  /// The encodings of a range of distances, below each other.
  func withRows(_ range: Range<Int>, _ body: (UnsafePointer<Float>) -> Void) {
    let table = near.contains(range) ? near : far
    precondition(table.contains(range))
    table.values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      body(base + (range.lowerBound - table.range.lowerBound) * linear.weight.rows)
    }
  }

  private func extend(_ table: inout Table, to range: Range<Int>, dropping: Bool) {
    let width = linear.weight.rows
    let first = Self.blockIndex(range.lowerBound)
    let last = Self.blockIndex(range.upperBound - 1) + 1
    let wanted = first * Self.block..<last * Self.block
    if table.range.isEmpty || !table.range.overlaps(wanted) && dropping {
      table = Table(range: wanted.lowerBound..<wanted.lowerBound, values: [])
    }
    while table.range.lowerBound > wanted.lowerBound {
      let start = table.range.lowerBound - Self.block
      table.values.insert(contentsOf: encodings(from: start), at: 0)
      table.range = start..<table.range.upperBound
    }
    while table.range.upperBound < wanted.upperBound {
      let start = table.range.upperBound
      table.values += encodings(from: start)
      table.range = table.range.lowerBound..<start + Self.block
    }
    if dropping, table.range.lowerBound < wanted.lowerBound {
      table.values.removeFirst((wanted.lowerBound - table.range.lowerBound) * width)
      table.range = wanted.lowerBound..<table.range.upperBound
    }
  }

  /// The block that holds a distance, which may be negative.
  private static func blockIndex(_ distance: Int) -> Int {
    distance >= 0 ? distance / block : -((block - 1 - distance) / block)
  }

  private func encodings(from start: Int) -> [Float] {
    let width = linear.weight.columns
    var sinusoids = Matrix(rows: Self.block, columns: width)
    for pair in 0..<width / 2 {
      let frequency = exp(-log(10_000.0) * Double(2 * pair) / Double(width))
      for row in 0..<Self.block {
        let angle = Double(start + row) * frequency
        sinusoids[row, 2 * pair] = Float(sin(angle))
        sinusoids[row, 2 * pair + 1] = Float(cos(angle))
      }
    }
    return linear(sinusoids).values
  }
}
