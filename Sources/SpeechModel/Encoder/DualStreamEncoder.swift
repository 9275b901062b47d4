public import Checkpoints
public import Kernels

/// The embeddings of both streams for the same block or blocks, in time.
public struct StreamEmbeddings: Sendable, Equatable {
  /// What the microphone heard, `[embeddingsPerBlock * n, language width]`.
  public var environment: Matrix
  /// What the assistant put out, of the same shape.
  public var assistant: Matrix

  /// Puts the embeddings of both streams together.
  public init(environment: Matrix, assistant: Matrix) {
    self.environment = environment
    self.assistant = assistant
  }
}

/// Both streams of a conversation to embeddings of the language model.
///
/// The streams share all weights, and each has a state of its own. Their rows go through each
/// projection as one product, so that the weights are read once per block and not twice; the
/// result is that of two ``SpeechEncoder``s.
///
/// ```swift
/// var encoder = try DualStreamEncoder(
///   SpeechEncoder(configuration, from: file, compute: compute),
///   Connector(connectorConfiguration, from: file, compute: compute))
/// let embeddings = try encoder.step(environment: microphone, assistant: playback)
/// ```
public struct DualStreamEncoder: Sendable {
  /// The map to the language model's width.
  public let connector: Connector
  private let network: EncoderNetwork
  private var environment: LogMel
  private var assistant: LogMel
  private var state: EncoderNetwork.State

  /// Shares the weights of an encoder; both streams start afresh.
  ///
  /// - Throws: `CheckpointError` where encoder and connector do not fit together.
  public init(_ encoder: SpeechEncoder, _ connector: Connector) throws(CheckpointError) {
    let found = encoder.configuration
    guard connector.configuration.width == found.mamba.width else {
      throw CheckpointError(
        .mismatch, subject: "connector width",
        reason: "is \(connector.configuration.width), expected \(found.mamba.width)")
    }
    guard connector.configuration.framesPerBlock == found.framesPerBlock else {
      throw CheckpointError(
        .mismatch, subject: "connector framesPerBlock",
        reason: "is \(connector.configuration.framesPerBlock), expected \(found.framesPerBlock)")
    }
    self.connector = connector
    network = encoder.network
    environment = LogMel(found.logMel)
    assistant = environment
    state = network.makeState(streams: AudioStream.allCases.count)
  }

  /// The sizes of the encoder.
  public var configuration: SpeechEncoderConfiguration { network.configuration }

  /// Takes the same block, or blocks, of both streams.
  ///
  /// - Important: Traps unless both are equally many whole blocks.
  /// - Throws: ``SpeechModelError`` where infinity or NaN was met. It stays in the state, so every
  ///   later step throws too, until ``reset()`` or an earlier copy is gone back to.
  public mutating func step(
    environment: [Float], assistant: [Float]
  ) throws(SpeechModelError) -> StreamEmbeddings {
    precondition(
      environment.count == assistant.count
        && environment.count.isMultiple(of: configuration.blockSamples), "no whole blocks")
    let mel = self.environment.step(environment).appending(self.assistant.step(assistant))
    let embeddings = connector(try network.step(mel, &state), [.environment, .assistant])
    let half = embeddings.rows / 2
    return StreamEmbeddings(
      environment: embeddings.rows(0..<half), assistant: embeddings.rows(half..<2 * half))
  }

  /// Forgets both streams.
  public mutating func reset() {
    environment.reset()
    assistant.reset()
    state = network.makeState(streams: AudioStream.allCases.count)
  }

  /// The size of both states of front end and stack in memory; constant in time.
  public var stateByteCount: Int { state.byteCount }
}
