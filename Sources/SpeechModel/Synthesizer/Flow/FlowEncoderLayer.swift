import Checkpoints
import Kernels

/// A layer of the conditioning encoder: relative attention, feed-forward, each normed before.
struct FlowEncoderLayer: Sendable {
  private let attentionNorm: FlowNorm
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let output: Linear
  private let contentBias: [Float]
  private let distanceBias: [Float]
  private let attention: FlowAttention
  private let feedForwardNorm: FlowNorm
  private let inner: Linear
  private let outer: Linear
  private let isBounded: Bool
  /// Encodings of distances: values that depend on the weights alone, so that no reset drops them.
  private var positions: FlowPositions
  private var cache: FlowCache

  init(
    _ name: String, _ sizes: FlowConfiguration, from source: any TensorSource, compute: Compute
  ) throws(CheckpointError) {
    let (width, headWidth) = (sizes.width, sizes.width / sizes.heads)
    func square(_ part: String) throws(CheckpointError) -> Linear {
      try Linear(
        "\(name).self_attn.\(part)", inputs: width, outputs: width, from: source,
        compute: compute)
    }
    attentionNorm = try FlowNorm("\(name).norm_mha", width: width, epsilon: 1e-12, from: source)
    query = try square("linear_q")
    key = try square("linear_k")
    value = try square("linear_v")
    output = try square("linear_out")
    positions = FlowPositions(try square("linear_pos"))
    let biasShape = [sizes.heads, headWidth]
    contentBias = try source.values("\(name).self_attn.pos_bias_u", shape: biasShape)
    distanceBias = try source.values("\(name).self_attn.pos_bias_v", shape: biasShape)
    attention = FlowAttention(heads: sizes.heads, headWidth: headWidth, compute: compute)
    feedForwardNorm = try FlowNorm("\(name).norm_ff", width: width, epsilon: 1e-12, from: source)
    inner = try Linear(
      "\(name).feed_forward.w_1", inputs: width, outputs: sizes.feedForward, from: source,
      compute: compute)
    outer = try Linear(
      "\(name).feed_forward.w_2", inputs: sizes.feedForward, outputs: width, from: source,
      compute: compute)
    isBounded = sizes.leftContext != nil
    cache = FlowCache(width: width)
  }

  /// The bytes of keys, values and encodings of distances.
  var byteCount: Int { cache.byteCount + positions.byteCount }

  /// Takes the next chunk.
  mutating func step(_ x: Matrix, _ span: FlowSpan) -> Matrix {
    var x = x
    let normed = attentionNorm(x)
    cache.write(keys: key(normed), values: value(normed), from: 0, at: span)
    positions.cover(span, isBounded: isBounded)
    var content = query(normed)
    var distance = content
    FlowMath.add(contentBias, toRowsOf: &content)
    FlowMath.add(distanceBias, toRowsOf: &distance)
    let attended = attention.attend(
      content: content, distance: distance, positions: positions, cache: cache, span: span)
    Elementwise.add(output(attended), to: &x)
    var hidden = inner(feedForwardNorm(x))
    Elementwise.apply(.silu, to: &hidden)
    Elementwise.add(outer(hidden), to: &x)
    return x
  }

  /// Makes everything so far the start that ``forget()`` goes back to.
  mutating func pin() { cache.pin() }

  /// Goes back to the pinned start.
  mutating func forget() { cache.forget() }
}
