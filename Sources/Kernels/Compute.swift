/// Where and how matrix products run: the number of threads and the kernel path.
///
/// A model part is given one at load and uses it for every product. The order of additions
/// is fixed by the shapes alone, so that the results do not depend on the number of threads.
public final class Compute: Sendable {
  /// The number of threads that share a product, the caller's included.
  public let threads: Int

  /// Makes a compute context.
  public init(threads: Int = 1) {
    self.threads = threads
  }

  /// `x` times the transposed weights, plus a bias: `[n, in]` and `[out, in]` give `[n, out]`.
  public func linear(_ x: Matrix, _ weights: WeightMatrix, bias: [Float]? = nil) -> Matrix {
    precondition(x.columns == weights.columns)
    precondition(bias == nil || bias?.count == weights.rows)
    let values = Dequantization.values(of: weights)
    var result = Matrix(rows: x.rows, columns: weights.rows)
    for row in 0..<x.rows {
      for output in 0..<weights.rows {
        var sum: Float = 0
        for i in 0..<x.columns {
          sum += x.values[row * x.columns + i] * values[output * x.columns + i]
        }
        result.values[row * weights.rows + output] = sum + (bias?[output] ?? 0)
      }
    }
    return result
  }

  /// Runs `body` for each index of `0..<count`, on any of the threads, and waits for all.
  ///
  /// - Important: `body` runs concurrently with itself: each index must write to its own memory.
  package func parallel(_ count: Int, _ body: (Int) -> Void) {
    for index in 0..<count { body(index) }
  }
}
