public import Checkpoints
public import Kernels

/// Brings hidden states of the language model to the width of the speech-token model.
///
/// Linear, ReLU, Linear, LayerNorm, as in ELLSA. Before it an RMSNorm may stand, because the
/// residual stream of a language model grows from layer to layer. After it the embedding of the
/// chosen token may be added, as LLaMA-Omni 2 fuses both: a state that is torn between two words
/// does not say which of them was drawn.
public struct HiddenConnector: Sendable {
  /// The width of what comes in.
  public let inputs: Int
  /// The width of what goes out.
  public let outputs: Int

  private let inputNorm: RootMeanSquareNorm?
  private let first: Linear
  private let second: Linear
  private let gain: [Float]
  private let bias: [Float]
  private let words: WeightMatrix?

  private static let epsilon: Float = 1e-5

  /// Takes `prefix` + `fc1`, `fc2` and `norm`, with weight and bias each, and `input_norm.weight`
  /// and `words.weight`, `[vocabulary, outputs]`, where the source has them.
  ///
  /// - Throws: `CheckpointError` that names the tensor that is missing or has another shape.
  public init(
    inputs: Int, inner: Int, outputs: Int, vocabulary: Int, from source: any TensorSource,
    prefix: String, compute: Compute
  ) throws(CheckpointError) {
    self.inputs = inputs
    self.outputs = outputs
    let name = "\(prefix)input_norm"
    inputNorm =
      source.info("\(name).weight") == nil
      ? nil
      : try RootMeanSquareNorm(name, width: inputs, epsilon: Self.epsilon, from: source)
    first = try Linear(
      "\(prefix)fc1", inputs: inputs, outputs: inner, hasBias: true, from: source,
      compute: compute)
    second = try Linear(
      "\(prefix)fc2", inputs: inner, outputs: outputs, hasBias: true, from: source,
      compute: compute)
    gain = try source.vector("\(prefix)norm.weight", count: outputs)
    bias = try source.vector("\(prefix)norm.bias", count: outputs)
    let table = "\(prefix)words.weight"
    words =
      source.info(table) == nil
      ? nil : try source.matrix(table, rows: vocabulary, columns: outputs)
  }

  /// Maps each row: `[positions, inputs]` gives `[positions, outputs]`.
  ///
  /// `tokens` are those that were chosen at the positions, below `vocabulary`.
  public func callAsFunction(_ x: Matrix, tokens: [Int]) -> Matrix {
    precondition(tokens.count == x.rows)
    var inner = first(inputNorm?(x) ?? x)
    Elementwise.apply(.relu, to: &inner)
    var result = second(inner)
    Elementwise.layerNorm(&result, weight: gain, bias: bias, epsilon: Self.epsilon)
    if let words { Elementwise.add(Dequantization.rows(tokens, of: words), to: &result) }
    return result
  }
}
