import Checkpoints
import Kernels

/// A transformer layer of the estimator: attention, feed-forward, each normed before.
struct FlowEstimatorLayer: Sendable {
  private let attentionNorm: FlowNorm
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let output: Linear
  private let attention: FlowAttention
  private let feedForwardNorm: FlowNorm
  private let inner: Linear
  private let outer: Linear

  init(
    _ name: String, _ sizes: FlowConfiguration, from source: any TensorSource, compute: Compute
  ) throws(CheckpointError) {
    let channels = sizes.channels
    func linear(_ part: String, _ inputs: Int, _ outputs: Int) throws(CheckpointError) -> Linear {
      try Linear(
        "\(name).\(part)", inputs: inputs, outputs: outputs, from: source, compute: compute)
    }
    let width = sizes.estimatorHeads * sizes.headWidth
    attentionNorm = try FlowNorm("\(name).norm1", width: channels, from: source)
    query = try linear("attn1.to_q", channels, width)
    key = try linear("attn1.to_k", channels, width)
    value = try linear("attn1.to_v", channels, width)
    output = try linear("attn1.to_out.0", width, channels)
    attention = FlowAttention(
      heads: sizes.estimatorHeads, headWidth: sizes.headWidth, compute: compute)
    feedForwardNorm = try FlowNorm("\(name).norm3", width: channels, from: source)
    inner = try linear("ff.net.0.proj", channels, sizes.estimatorFeedForward)
    outer = try linear("ff.net.2", sizes.estimatorFeedForward, channels)
  }

  /// Takes the next chunk of each sequence, one below the other; each has its own cache.
  func callAsFunction(_ x: inout Matrix, _ span: FlowSpan, caches: inout [FlowCache]) {
    let normed = attentionNorm(x)
    let (keys, values, queries) = (key(normed), value(normed), query(normed))
    var attended = Matrix(rows: queries.rows, columns: queries.columns)
    for sequence in caches.indices {
      let row = sequence * span.rows
      caches[sequence].write(keys: keys, values: values, from: row, at: span)
      attention.attend(
        queries, from: row, cache: caches[sequence], span: span, result: &attended)
    }
    Elementwise.add(output(attended), to: &x)
    var hidden = inner(feedForwardNorm(x))
    Elementwise.apply(.gelu, to: &hidden)
    Elementwise.add(outer(hidden), to: &x)
  }
}
