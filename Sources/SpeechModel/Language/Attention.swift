import Checkpoints
import Kernels

/// Causal self-attention with grouped heads: H query heads share K key and value heads.
struct Attention: Sendable {
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let output: Linear
  private let heads: Int
  private let keyValueHeads: Int
  private let headSize: Int
  private let compute: Compute

  /// Takes `name.q_proj`, `name.k_proj`, `name.v_proj` and `name.o_proj`.
  init(
    _ name: String, _ configuration: LlamaConfiguration, from source: any TensorSource,
    compute: Compute
  ) throws(CheckpointError) {
    let hidden = configuration.hiddenSize
    let width = configuration.heads * configuration.headSize
    let biases = configuration.biases
    func linear(_ part: String, _ inputs: Int, _ outputs: Int, _ bias: Bool)
      throws(CheckpointError) -> Linear
    {
      try Linear(
        "\(name).\(part)", inputs: inputs, outputs: outputs, hasBias: bias, from: source,
        compute: compute)
    }
    query = try linear("q_proj", hidden, width, biases.queryKeyValue)
    key = try linear("k_proj", hidden, configuration.keyValueWidth, biases.queryKeyValue)
    value = try linear("v_proj", hidden, configuration.keyValueWidth, biases.queryKeyValue)
    output = try linear("o_proj", width, hidden, biases.attentionOutput)
    heads = configuration.heads
    keyValueHeads = configuration.keyValueHeads
    headSize = configuration.headSize
    self.compute = compute
  }

  /// Adds the positions of `x` to a layer of the cache and lets each attend to all up to itself.
  func callAsFunction(
    _ x: Matrix, rotary: RotaryEmbedding, angles: RotaryEmbedding.Angles,
    cache: inout KeyValueCache, layer: Int
  ) -> Matrix {
    var queries = query(x).values
    var keys = key(x).values
    rotary.rotate(&queries, heads: heads, by: angles)
    rotary.rotate(&keys, heads: keyValueHeads, by: angles)
    let past = cache.position
    cache.append(keys: keys, values: value(x).values, to: layer)
    let rotated = Matrix(rows: x.rows, columns: heads * headSize, values: queries)
    let width = keyValueHeads * headSize
    let mixed = cache.withLayer(layer) { keys, values in
      guard let keys = keys.baseAddress, let values = values.baseAddress else { return rotated }
      return compute.attention(
        queries: rotated, keys: CacheView(keys, stride: width),
        values: CacheView(values, stride: width), heads: heads, keyValueHeads: keyValueHeads,
        limits: (0..<x.rows).map { past + $0 + 1 })
    }
    return output(mixed)
  }
}

extension Linear {
  /// Takes `name.weight` and, where the configuration says that there is one, `name.bias`.
  init(
    _ name: String, inputs: Int, outputs: Int, hasBias: Bool, from source: any TensorSource,
    compute: Compute
  ) throws(CheckpointError) {
    self.init(
      weight: try source.matrix("\(name).weight", rows: outputs, columns: inputs),
      bias: hasBias ? try source.vector("\(name).bias", count: outputs) : nil, compute: compute)
  }
}
