import Checkpoints
import Kernels

extension Linear {
  /// Takes `name.weight` and, as the configuration says and not as the file has it, `name.bias`.
  init(
    _ name: String, inputs: Int, outputs: Int, usesBias: Bool, from source: any TensorSource,
    compute: Compute
  ) throws(CheckpointError) {
    self.init(
      weight: try source.matrix("\(name).weight", rows: outputs, columns: inputs),
      bias: usesBias ? try source.vector("\(name).bias", count: outputs) : nil, compute: compute)
  }
}
