public import Checkpoints
public import Kernels

/// A stack of causal layers of the Llama family: embeddings in, hidden states out.
///
/// It carries the keys and values of the positions so far; a copy is a snapshot.
public struct Transformer: Sendable {
  /// The shape.
  public let configuration: LlamaConfiguration
  /// What attention remembers.
  public private(set) var cache: KeyValueCache

  private let layers: [TransformerLayer]
  private let norm: RootMeanSquareNorm
  private let rotary: RotaryEmbedding

  /// What a step gives for each of its positions.
  public struct Output: Sendable {
    /// The hidden states after the final norm, `[positions, hiddenSize]`.
    public let hidden: Matrix
    /// The hidden states at the tapped layer, where one was asked for.
    public let tapped: Matrix?
  }

  /// Takes the layers and the final norm, with names such as `prefix` + `layers.0.mlp.up_proj`.
  ///
  /// `capacity` is the number of positions that a stream may have.
  /// - Throws: `CheckpointError` that names the tensor that is missing or has another shape.
  public init(
    configuration: LlamaConfiguration, from source: any TensorSource, prefix: String = "model.",
    capacity: Int, compute: Compute
  ) throws(CheckpointError) {
    self.configuration = configuration
    var layers: [TransformerLayer] = []
    for index in 0..<configuration.layers {
      layers.append(
        try TransformerLayer(
          "\(prefix)layers.\(index)", configuration, from: source, compute: compute))
    }
    self.layers = layers
    norm = try RootMeanSquareNorm(
      "\(prefix)norm", width: configuration.hiddenSize, epsilon: configuration.normEpsilon,
      from: source)
    rotary = RotaryEmbedding(configuration.rotary, headSize: configuration.headSize)
    cache = KeyValueCache(
      layers: configuration.layers, width: configuration.keyValueWidth, capacity: capacity)
  }

  /// The number of positions so far.
  public var position: Int { cache.position }

  /// Takes the next positions, `[positions, hiddenSize]`, in one pass.
  ///
  /// `tapLayer` n asks for the residual stream after n layers, 0 being the input and the number of
  /// layers the value after the final norm: the numbering of `hidden_states` in Hugging Face's
  /// models.
  /// - Throws: ``ContextFull`` where they do not fit; nothing has changed then.
  public mutating func step(
    _ x: Matrix, tapLayer: Int? = nil
  ) throws(ContextFull) -> Output {
    precondition(x.columns == configuration.hiddenSize)
    precondition(tapLayer.map { (0...configuration.layers).contains($0) } ?? true)
    try cache.check(room: x.rows)
    let angles = rotary.angles(from: cache.position, count: x.rows)
    var (x, tapped) = (x, tapLayer == 0 ? x : nil)
    for (index, layer) in layers.enumerated() {
      x = layer(x, rotary: rotary, angles: angles, cache: &cache, layer: index)
      if tapLayer == index + 1 { tapped = x }
    }
    cache.advance(by: x.rows)
    let hidden = norm(x)
    return Output(hidden: hidden, tapped: tapLayer == layers.count ? hidden : tapped)
  }

  /// Goes back to an earlier position: what came after is forgotten.
  public mutating func truncate(to position: Int) {
    cache.truncate(to: position)
  }

  /// Forgets the stream: the next position is the first again.
  public mutating func reset() {
    cache.truncate(to: 0)
  }
}
