import Checkpoints
import Kernels

/// One layer: attention and a gated feed-forward part, each behind a norm and added to its input.
struct TransformerLayer: Sendable {
  private let attentionNorm: RootMeanSquareNorm
  private let attention: Attention
  private let feedForwardNorm: RootMeanSquareNorm
  private let gate: Linear
  private let up: Linear
  private let down: Linear

  /// Takes the tensors of one layer, `name` being `model.layers.3` and the like.
  init(
    _ name: String, _ configuration: LlamaConfiguration, from source: any TensorSource,
    compute: Compute
  ) throws(CheckpointError) {
    let (hidden, inner) = (configuration.hiddenSize, configuration.intermediateSize)
    let (bias, epsilon) = (configuration.biases.feedForward, configuration.normEpsilon)
    attentionNorm = try RootMeanSquareNorm(
      "\(name).input_layernorm", width: hidden, epsilon: epsilon, from: source)
    attention = try Attention("\(name).self_attn", configuration, from: source, compute: compute)
    feedForwardNorm = try RootMeanSquareNorm(
      "\(name).post_attention_layernorm", width: hidden, epsilon: epsilon, from: source)
    gate = try Linear(
      "\(name).mlp.gate_proj", inputs: hidden, outputs: inner, hasBias: bias, from: source,
      compute: compute)
    up = try Linear(
      "\(name).mlp.up_proj", inputs: hidden, outputs: inner, hasBias: bias, from: source,
      compute: compute)
    down = try Linear(
      "\(name).mlp.down_proj", inputs: inner, outputs: hidden, hasBias: bias, from: source,
      compute: compute)
  }

  func callAsFunction(
    _ x: Matrix, rotary: RotaryEmbedding, angles: RotaryEmbedding.Angles,
    cache: inout KeyValueCache, layer: Int
  ) -> Matrix {
    var x = x
    let mixed = attention(
      attentionNorm(x), rotary: rotary, angles: angles, cache: &cache, layer: layer)
    Elementwise.add(mixed, to: &x)
    let normed = feedForwardNorm(x)
    var gated = gate(normed)
    Elementwise.gate(&gated, times: up(normed))
    Elementwise.add(down(gated), to: &x)
    return x
  }
}
