import Checkpoints
import Kernels

/// Presents all weights of a source as single-precision numbers.
///
/// For parts that multiply many rows at once: their speed is that of arithmetic, not of memory, and
/// float products of many rows are the fastest there are. Quantised files stay small on disk.
struct ExpandedSource: TensorSource {
  private let base: any TensorSource

  init(_ base: any TensorSource) { self.base = base }

  var names: [String] { base.names }

  func info(_ name: String) -> TensorInfo? {
    base.info(name).map { TensorInfo(type: .float32, shape: $0.shape) }
  }

  func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    let weights = try base.matrix(name, rows: rows, columns: columns)
    guard weights.type != .float32 else { return weights }
    return WeightMatrix(
      rows: rows, columns: columns, values: Dequantization.values(of: weights))
  }
}
