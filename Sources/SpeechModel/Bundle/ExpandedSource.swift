package import Checkpoints
package import Kernels

/// Presents all weights of a source as single-precision numbers.
///
/// For parts that multiply many rows at once: their speed is that of arithmetic, not of memory, and
/// float products of many rows are the fastest there are. Quantised files stay small on disk.
package struct ExpandedSource: TensorSource {
  private let base: any TensorSource

  package init(_ base: any TensorSource) { self.base = base }

  package var names: [String] { base.names }

  package func info(_ name: String) -> TensorInfo? {
    base.info(name).map { TensorInfo(type: .float32, shape: $0.shape) }
  }

  package func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    let weights = try base.matrix(name, rows: rows, columns: columns)
    guard weights.type != .float32 else { return weights }
    return WeightMatrix(
      rows: rows, columns: columns, values: Dequantization.values(of: weights))
  }
}
