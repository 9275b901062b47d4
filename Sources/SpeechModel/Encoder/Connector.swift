public import Checkpoints
public import Kernels

/// Sizes of the map from encoder frames to language embeddings.
public struct ConnectorConfiguration: Sendable, Equatable, Codable {
  /// The width of an encoder frame.
  public var width: Int
  /// The width between the two linear maps.
  public var hiddenWidth: Int
  /// The width of an embedding of the language model.
  public var languageWidth: Int
  /// The encoder frames of one block.
  public var framesPerBlock: Int
  /// The embeddings that one block of one stream becomes; divides the frames.
  public var embeddingsPerBlock: Int

  /// Describes a connector.
  public init(
    width: Int, hiddenWidth: Int, languageWidth: Int, framesPerBlock: Int = 2,
    embeddingsPerBlock: Int = 1
  ) {
    self.width = width
    self.hiddenWidth = hiddenWidth
    self.languageWidth = languageWidth
    self.framesPerBlock = framesPerBlock
    self.embeddingsPerBlock = embeddingsPerBlock
  }

  /// Checks that the sizes are usable and that the embeddings divide the frames.
  package func validate(file: String? = nil) throws(CheckpointError) {
    let sizes = [
      ("width", width), ("hiddenWidth", hiddenWidth), ("languageWidth", languageWidth),
      ("framesPerBlock", framesPerBlock), ("embeddingsPerBlock", embeddingsPerBlock),
    ]
    for (key, size) in sizes where !(1...1 << 17).contains(size) {
      throw CheckpointError(.mismatch, file: file, subject: key, reason: "is \(size)")
    }
    guard framesPerBlock.isMultiple(of: embeddingsPerBlock) else {
      throw CheckpointError(
        .mismatch, file: file, subject: "embeddingsPerBlock",
        reason: "is \(embeddingsPerBlock), which does not divide \(framesPerBlock) frames")
    }
  }
}

/// Encoder frames to embeddings of the language model, with the learned tag of their stream.
///
/// Neighbouring frames are joined, then linear, ReLU, linear (the form of ELLSA), plus the tag.
/// Tensors: `linear1`, `linear2` (weights and biases), `tag.weight` `[2, language width]`, whose
/// rows are those of ``AudioStream``. It carries no state.
public struct Connector: Sendable {
  /// The sizes.
  public let configuration: ConnectorConfiguration
  private let linear1: Linear
  private let linear2: Linear
  private let tags: Matrix

  /// Takes the weights whose names begin with `prefix`.
  ///
  /// - Throws: `CheckpointError` that names the tensor or the setting at fault.
  public init(
    _ configuration: ConnectorConfiguration, from source: any TensorSource,
    prefix: String = "connector.", compute: Compute
  ) throws(CheckpointError) {
    try configuration.validate()
    self.configuration = configuration
    let joined = configuration.framesPerBlock / configuration.embeddingsPerBlock
    linear1 = try Linear(
      prefix + "linear1", inputs: joined * configuration.width,
      outputs: configuration.hiddenWidth, from: source, compute: compute)
    linear2 = try Linear(
      prefix + "linear2", inputs: configuration.hiddenWidth,
      outputs: configuration.languageWidth, from: source, compute: compute)
    let (streams, width) = (AudioStream.allCases.count, configuration.languageWidth)
    tags = Matrix(
      rows: streams, columns: width,
      values: try source.values(prefix + "tag.weight", shape: [streams, width]))
  }

  /// The embeddings of whole blocks of frames of one stream.
  ///
  /// - Important: Traps unless the frames are whole blocks.
  public func callAsFunction(_ frames: Matrix, _ stream: AudioStream) -> Matrix {
    callAsFunction(frames, [stream])
  }

  /// Several streams at once, one after the other and equally long, in one product each.
  func callAsFunction(_ frames: Matrix, _ streams: [AudioStream]) -> Matrix {
    precondition(
      frames.columns == configuration.width
        && frames.rows.isMultiple(of: streams.count * configuration.framesPerBlock),
      "no whole blocks")
    // Rows are contiguous, so that joining neighbours is only another view of the same values.
    let joined = Matrix(
      rows: frames.values.count / linear1.weight.columns, columns: linear1.weight.columns,
      values: frames.values)
    var hidden = linear1(joined)
    Elementwise.apply(.relu, to: &hidden)
    var embeddings = linear2(hidden)
    let each = embeddings.rows / streams.count
    for row in 0..<embeddings.rows {
      let tag = streams[row / each].rawValue
      for column in 0..<embeddings.columns { embeddings[row, column] += tags[tag, column] }
    }
    return embeddings
  }
}
