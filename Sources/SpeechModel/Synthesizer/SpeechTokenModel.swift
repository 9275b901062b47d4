public import Checkpoints
public import Kernels

/// What a step of a ``SpeechTokenModel`` gives.
public struct SpeechTokens: Sendable, Equatable {
  /// The codes that were produced, 25 for a second of speech; often none.
  public let tokens: [Int]
  /// Why the speech is over, where it is.
  public let end: SpeechEnd?

  /// Puts codes and end together.
  public init(tokens: [Int], end: SpeechEnd?) {
    self.tokens = tokens
    self.end = end
  }

  /// Whether the speech is over.
  public var ended: Bool { end != nil }
}

/// A voice to go on with: a text and the codes of its speech.
public struct SpeechPrompt: Sendable, Equatable {
  /// The embeddings of the text, `[positions, hiddenSize]`.
  public let text: Matrix
  /// The codes of the speech.
  public let tokens: [Int]

  /// Puts a text and its speech together.
  public init(text: Matrix, tokens: [Int]) {
    self.text = text
    self.tokens = tokens
  }
}

/// A text-speech language model of CosyVoice2's form: text embeddings in, codes of speech out.
///
/// It works while text comes in: as soon as a chunk of text is there, the codes that belong to it
/// can be produced. Tensor names are those of CosyVoice2's `llm.pt`. The context is carried from
/// step to step; a copy is a snapshot. (Du et al., CosyVoice 2, 2024.)
public struct SpeechTokenModel: Sendable {
  /// The shape and the rules of the sequence.
  public let configuration: SpeechTokenConfiguration
  /// How tokens are chosen.
  public let sampling: SpeechTokenSampling

  private var transformer: Transformer
  private let textTable: WeightMatrix?
  private let specials: [Float]
  private let speechTable: WeightMatrix
  private let decoder: Linear

  private var sequence: SpeechTokenSequence
  private var sampler: SpeechTokenSampler
  /// Text embeddings that are not fed yet, row after row.
  private var text: [Float] = []
  /// Embeddings to be fed before the next token is produced.
  private var pending: [Float] = []

  /// Takes a model with the tensor names of `llm.pt`, each behind `prefix`.
  ///
  /// `capacity` is the number of positions, of text and speech together, that a stream may have.
  /// - Throws: `CheckpointError` that names the tensor that is missing or has another shape.
  public init(
    configuration: SpeechTokenConfiguration, from source: any TensorSource, prefix: String = "",
    capacity: Int, sampling: SpeechTokenSampling, compute: Compute
  ) throws(CheckpointError) {
    self.configuration = configuration
    self.sampling = sampling
    let hidden = configuration.transformer.hiddenSize
    let tokens = configuration.vocabularySize
    transformer = try Transformer(
      configuration: configuration.transformer, from: source, prefix: "\(prefix)llm.model.model.",
      capacity: capacity, compute: compute)
    let table = "\(prefix)llm.model.model.embed_tokens.weight"
    textTable =
      source.info(table) == nil
      ? nil
      : try source.matrix(
        table, rows: configuration.transformer.vocabularySize, columns: hidden)
    specials = try source.values("\(prefix)llm_embedding.weight", shape: [2, hidden])
    speechTable = try source.matrix(
      "\(prefix)speech_embedding.weight", rows: tokens, columns: hidden)
    decoder = try Linear(
      "\(prefix)llm_decoder", inputs: hidden, outputs: tokens, hasBias: true, from: source,
      compute: compute)
    sequence = SpeechTokenSequence(configuration)
    sampler = SpeechTokenSampler(sampling)
  }

  /// The number of positions so far.
  public var position: Int { transformer.position }
  /// The number of codes so far, the prompt's not counted.
  public var produced: Int { sequence.produced }
  /// Why the speech is over, where it is.
  public var end: SpeechEnd? { sequence.end }

  /// The model's own embeddings of text tokens, `[tokens, hiddenSize]`; nil where the checkpoint
  /// has no such table because the text comes from another model.
  public func embeddings(ofText tokens: [Int]) -> Matrix? {
    textTable.map { Dequantization.rows(tokens, of: $0) }
  }

  /// Takes text that came, 0 or more positions, and produces up to so many codes.
  ///
  /// The codes do not depend on how the text was split into steps, nor on how many were asked for
  /// at once. One code costs one pass through the model; a caller that has a deadline asks for a
  /// few in each step. After the end nothing more comes until ``reset(prompt:)``.
  public mutating func step(
    _ newText: Matrix, textEnded: Bool, maximumTokens: Int = .max
  ) -> SpeechTokens {
    precondition(newText.rows == 0 || newText.columns == configuration.transformer.hiddenSize)
    text += newText.values
    sequence.add(text: newText.rows, ended: textEnded)
    return produce(maximumTokens)
  }

  /// Forgets the stream, goes back to the seed, and starts with the prompt.
  ///
  /// The prompt is taken in at once as far as its text allows, so that a copy of the model made now
  /// starts without that work.
  public mutating func reset(prompt: SpeechPrompt? = nil) {
    start(prompt, isOneShot: false)
    append(sequence.advance())
    // The last position is fed with the next step, which needs its output.
    if pendingPositions > 1 { _ = feed(positions: pendingPositions - 1) }
  }

  /// Starts anew with a text that is whole: start, prompt text, text, task id, prompt speech.
  ///
  /// The codes then come from ``step(_:textEnded:maximumTokens:)`` with no more text. There are at
  /// least ``SpeechTokenConfiguration/minimumTokensPerText`` codes for each text position.
  public mutating func begin(whole text: Matrix, prompt: SpeechPrompt? = nil) {
    start(prompt, isOneShot: true)
    self.text += text.values
    sequence.add(text: text.rows, ended: true)
  }

  /// The logits after each position of a whole sequence, apart from the stream.
  package func logits(of x: Matrix) throws(ContextFull) -> Matrix {
    var fresh = transformer
    fresh.reset()
    return decoder(try fresh.step(x).hidden)
  }

  private mutating func start(_ prompt: SpeechPrompt?, isOneShot: Bool) {
    precondition(prompt?.tokens.allSatisfy { (0..<configuration.codes).contains($0) } ?? true)
    transformer.reset()
    sampler = SpeechTokenSampler(sampling)
    sequence = SpeechTokenSequence(
      configuration, promptText: prompt?.text.rows ?? 0, promptTokens: prompt?.tokens ?? [],
      isOneShot: isOneShot)
    text = prompt?.text.values ?? []
    pending = []
  }

  private mutating func produce(_ maximumTokens: Int) -> SpeechTokens {
    var tokens: [Int] = []
    while tokens.count < maximumTokens {
      append(sequence.advance())
      guard sequence.isDecoding else { break }
      guard let hidden = feed(positions: pendingPositions) else {
        sequence.finish(.capacity)
        break
      }
      let logits = decoder(hidden.rows(hidden.rows - 1..<hidden.rows)).values
      guard let token = sampler.sample(logits, forbidding: sequence.forbidden) else {
        sequence.finish(.notFinite)
        break
      }
      if sequence.accept(token) { sampler.record(configuration.fill) }
      if token < configuration.codes {
        tokens.append(token)
        pending += Dequantization.rows([token], of: speechTable).values
      }
    }
    return SpeechTokens(tokens: tokens, end: sequence.end)
  }

  private var pendingPositions: Int { pending.count / configuration.transformer.hiddenSize }

  /// Feeds the first of the pending positions; nil, and nothing fed, where they do not fit.
  private mutating func feed(positions: Int) -> Matrix? {
    let hidden = configuration.transformer.hiddenSize
    let x = Matrix(
      rows: positions, columns: hidden, values: Array(pending.prefix(positions * hidden)))
    guard let output = try? transformer.step(x) else { return nil }
    pending.removeFirst(positions * hidden)
    return output.hidden
  }

  private mutating func append(_ pieces: [SpeechTokenSequence.Piece]) {
    let hidden = configuration.transformer.hiddenSize
    for piece in pieces {
      switch piece {
      case .start: pending += specials[..<hidden]
      case .task: pending += specials[hidden...]
      case .text(let count):
        pending += text.prefix(count * hidden)
        text.removeFirst(count * hidden)
      case .speech(let tokens):
        pending += Dequantization.rows(tokens, of: speechTable).values
      }
    }
  }
}
