import Checkpoints
import Foundation
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
    var mixed = Matrix(rows: x.rows, columns: heads * headSize)
    mixed.values.withUnsafeMutableBufferPointer { result in
      // Each head writes to its own columns, so that the heads may run at the same time.
      nonisolated(unsafe) let result = result
      queries.withUnsafeBufferPointer { queries in
        cache.withLayer(layer) { keys, values in
          compute.parallel(heads) { head in
            attend(
              head: head, past: past, rows: x.rows, queries: queries, keys: keys, values: values,
              into: result)
          }
        }
      }
    }
    return output(mixed)
  }

  private func attend(
    head: Int, past: Int, rows: Int, queries: UnsafeBufferPointer<Float>,
    keys: UnsafeBufferPointer<Float>, values: UnsafeBufferPointer<Float>,
    into result: UnsafeMutableBufferPointer<Float>
  ) {
    let stride = keyValueHeads * headSize
    let shared = head / (heads / keyValueHeads) * headSize
    let scale = 1 / Float(headSize).squareRoot()
    guard let queries = queries.baseAddress, let keys = keys.baseAddress,
      let values = values.baseAddress, let result = result.baseAddress
    else { return }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: past + rows) { scores in
      for row in 0..<rows {
        let count = past + row + 1
        let place = (row * heads + head) * headSize
        let query = queries + place
        for p in 0..<count {
          scores[p] = scale * Self.dot(query, keys + p * stride + shared, headSize)
        }
        Self.softmax(scores, count: count)
        let sum = result + place
        for i in 0..<headSize { sum[i] = 0 }
        for p in 0..<count {
          let (weight, value) = (scores[p], values + p * stride + shared)
          for i in 0..<headSize { sum[i] += weight * value[i] }
        }
      }
    }
  }

  /// A dot product in a fixed order: eight running sums, then the rest.
  private static func dot(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int
  ) -> Float {
    var sums = SIMD8<Float>(repeating: 0)
    var i = 0
    while i + 8 <= count {
      let x = UnsafeRawPointer(a + i).loadUnaligned(as: SIMD8<Float>.self)
      let y = UnsafeRawPointer(b + i).loadUnaligned(as: SIMD8<Float>.self)
      sums += x * y
      i += 8
    }
    var sum = sums.sum()
    while i < count {
      sum += a[i] * b[i]
      i += 1
    }
    return sum
  }

  /// Turns the first `count` scores into shares of one.
  private static func softmax(_ scores: UnsafeMutableBufferPointer<Float>, count: Int) {
    var largest = -Float.infinity
    for p in 0..<count { largest = max(largest, scores[p]) }
    var sum: Float = 0
    for p in 0..<count {
      scores[p] = exp(scores[p] - largest)
      sum += scores[p]
    }
    let scale = 1 / sum
    for p in 0..<count { scores[p] *= scale }
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
