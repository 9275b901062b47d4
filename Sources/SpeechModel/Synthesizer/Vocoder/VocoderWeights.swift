import Checkpoints
import Kernels

/// The tensors of a vocoder by their public names, with weight normalisation folded.
///
/// Takes the names of `torch.nn.utils.parametrizations` (`parametrizations.weight.original0` and
/// `original1`), the older `weight_g` and `weight_v`, and plain, folded `weight`; each with or
/// without `generator.` in front.
struct VocoderWeights {
  let compute: Compute
  private let source: any TensorSource
  private let prefix: String

  init(source: any TensorSource, prefix: String, compute: Compute) {
    self.source = source
    self.compute = compute
    let inner = prefix + "generator."
    let isInner = source.names.contains { $0.hasPrefix(inner + "conv_pre.") }
    self.prefix = isInner ? inner : prefix
  }

  /// A bias or another vector.
  func vector(_ name: String, count: Int) throws(CheckpointError) -> [Float] {
    try source.vector(prefix + name, count: count)
  }

  /// An ordinary linear layer.
  func linear(_ name: String, inputs: Int, outputs: Int) throws(CheckpointError) -> Linear {
    try Linear(
      prefix + name, inputs: inputs, outputs: outputs, from: source, compute: compute)
  }

  /// A weight of any kind, seen as its outermost dimension times the rest.
  ///
  /// Folded weights keep the number format they are stored in; others are single precision.
  func matrix(_ name: String, shape: [Int]) throws(CheckpointError) -> WeightMatrix {
    let name = prefix + name
    let columns = shape[1...].reduce(1, *)
    for (gain, direction) in [
      ("parametrizations.weight.original0", "parametrizations.weight.original1"),
      ("weight_g", "weight_v"),
    ] where source.info("\(name).\(direction)") != nil {
      var values = try source.values("\(name).\(direction)", shape: shape)
      let gains = try source.values(
        "\(name).\(gain)", shape: [shape[0]] + shape[1...].map { _ in 1 })
      Self.fold(&values, gains: gains)
      return WeightMatrix(rows: shape[0], columns: columns, values: values)
    }
    guard let info = source.info("\(name).weight") else {
      throw CheckpointError(.missing, subject: "\(name).weight", reason: "there is no such tensor")
    }
    guard info.shape == shape || info.shape == [shape[0], columns] else {
      throw CheckpointError(
        .mismatch, subject: "\(name).weight", reason: "has shape \(info.shape), expected \(shape)")
    }
    return try source.matrix("\(name).weight", rows: shape[0], columns: columns)
  }

  /// W = g v / |v|, the norm over all dimensions but the outermost.
  private static func fold(_ values: inout [Float], gains: [Float]) {
    let columns = values.count / gains.count
    for (row, gain) in gains.enumerated() {
      let range = row * columns..<(row + 1) * columns
      let squares = values[range].reduce(0.0) { $0 + Double($1) * Double($1) }
      let scale = squares > 0 ? Double(gain) / squares.squareRoot() : 0
      for i in range { values[i] = Float(Double(values[i]) * scale) }
    }
  }
}
