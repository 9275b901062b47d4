public import Checkpoints
public import Kernels

/// An affine map of each row: `[n, in]` gives `[n, out]`.
public struct Linear: Sendable {
  /// The weights, `[out, in]`.
  public let weight: WeightMatrix
  /// The bias, `[out]`, where there is one.
  public let bias: [Float]?
  let compute: Compute

  /// Puts weights and bias together.
  public init(weight: WeightMatrix, bias: [Float]? = nil, compute: Compute) {
    precondition(bias == nil || bias?.count == weight.rows)
    self.weight = weight
    self.bias = bias
    self.compute = compute
  }

  /// Takes `name.weight` and, where the source has it, `name.bias`.
  public init(
    _ name: String, inputs: Int, outputs: Int, from source: any TensorSource, compute: Compute
  ) throws(CheckpointError) {
    self.init(
      weight: try source.matrix("\(name).weight", rows: outputs, columns: inputs),
      bias: try source.optionalVector("\(name).bias", count: outputs), compute: compute)
  }

  /// Applies the map to every row.
  public func callAsFunction(_ x: Matrix) -> Matrix {
    compute.linear(x, weight, bias: bias)
  }
}
