public import Checkpoints
public import Kernels

/// What the language model says after the last position of a step.
public struct LanguageOutput: Sendable, Equatable {
  /// The scores of the next token, `[vocabularySize]`, before any softmax.
  public let logits: [Float]
  /// The hidden state at the tapped layer, `[hiddenSize]`; empty where none was asked for.
  public let tapped: [Float]
}

/// What the language model says after each position of a step.
public struct LanguageOutputs: Sendable, Equatable {
  /// The scores of the next token, `[positions, vocabularySize]`.
  public let logits: Matrix
  /// The hidden states at the tapped layer, `[positions, hiddenSize]`, where one was asked for.
  public let tapped: Matrix?
}

/// A language model of the Llama family that is fed embeddings, of tokens or of anything else.
///
/// It carries the keys and values of the positions so far; a copy is a snapshot.
public struct LanguageModel: Sendable {
  private var transformer: Transformer
  private let embeddings: WeightMatrix
  private let head: Linear

  /// Takes a model with the tensor names of Hugging Face's causal language models.
  ///
  /// `capacity` is the number of positions that a stream may have.
  /// - Throws: `CheckpointError` that names the tensor that is missing or has another shape.
  public init(
    configuration: LlamaConfiguration, from source: any TensorSource, prefix: String = "model.",
    head headName: String = "lm_head", capacity: Int, compute: Compute
  ) throws(CheckpointError) {
    transformer = try Transformer(
      configuration: configuration, from: source, prefix: prefix, capacity: capacity,
      compute: compute)
    let (tokens, hidden) = (configuration.vocabularySize, configuration.hiddenSize)
    embeddings = try source.matrix("\(prefix)embed_tokens.weight", rows: tokens, columns: hidden)
    head =
      configuration.tiesEmbeddings
      ? Linear(weight: embeddings, compute: compute)
      : try Linear(
        headName, inputs: hidden, outputs: tokens, hasBias: false, from: source, compute: compute)
  }

  /// The shape.
  public var configuration: LlamaConfiguration { transformer.configuration }
  /// The number of positions so far.
  public var position: Int { transformer.position }
  /// The number of positions that a stream may have.
  public var capacity: Int { transformer.cache.capacity }

  /// The input embedding of a token, `[hiddenSize]`.
  public func embedding(of token: Int) -> [Float] {
    embeddings(of: [token]).values
  }

  /// The input embeddings of some tokens, `[tokens, hiddenSize]`.
  public func embeddings(of tokens: [Int]) -> Matrix {
    Dequantization.rows(tokens, of: embeddings)
  }

  /// Takes the next positions, `[positions, hiddenSize]`, in one pass; at least one.
  ///
  /// `tapLayer` n asks for the residual stream after n layers; the number of layers for the value
  /// after the final norm.
  /// - Throws: ``ContextFull`` where they do not fit; nothing has changed then.
  public mutating func step(
    _ x: Matrix, tapLayer: Int? = nil
  ) throws(ContextFull) -> LanguageOutput {
    precondition(x.rows > 0)
    let output = try transformer.step(x, tapLayer: tapLayer)
    let last = x.rows - 1
    return LanguageOutput(
      logits: head(output.hidden.rows(last..<x.rows)).values,
      tapped: output.tapped.map { Array($0.row(last)) } ?? [])
  }

  /// Takes the next positions and says what comes after each of them.
  ///
  /// - Throws: ``ContextFull`` where they do not fit; nothing has changed then.
  public mutating func stepEach(
    _ x: Matrix, tapLayer: Int? = nil
  ) throws(ContextFull) -> LanguageOutputs {
    let output = try transformer.step(x, tapLayer: tapLayer)
    return LanguageOutputs(logits: head(output.hidden), tapped: output.tapped)
  }

  /// Takes positions whose outputs nobody needs: a prompt, or a context that is built up again.
  ///
  /// - Throws: ``ContextFull`` where they do not fit; nothing has changed then.
  public mutating func feed(_ x: Matrix) throws(ContextFull) {
    try transformer.cache.check(room: x.rows)
    // In pieces, so that the activations of a long context stay small.
    for start in stride(from: 0, to: x.rows, by: Self.feedPositions) {
      _ = try transformer.step(x.rows(start..<min(start + Self.feedPositions, x.rows)))
    }
  }

  private static let feedPositions = 128

  /// Goes back to an earlier position: what came after is forgotten.
  public mutating func truncate(to position: Int) {
    transformer.truncate(to: position)
  }

  /// Forgets the stream: the next position is the first again.
  public mutating func reset() {
    transformer.reset()
  }
}
