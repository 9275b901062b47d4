public import Checkpoints
import Kernels

/// A text token of an answer, and the state in which the language model chose it.
public struct TextState: Sendable, Equatable {
  /// The token's id in the language model's vocabulary.
  public var token: Int
  /// The hidden state at the tapped layer, at the position that predicted it, `[hiddenSize]`.
  public var hidden: [Float]

  /// Puts both together.
  public init(token: Int, hidden: [Float]) {
    (self.token, self.hidden) = (token, hidden)
  }
}

/// What a step of a ``Synthesizer`` gives.
public struct SynthesizedSpeech: Sendable, Equatable {
  /// Samples at the vocoder's rate; often none.
  public let samples: [Float]
  /// The speech tokens behind them and behind what is still withheld.
  public let tokens: [Int]
  /// Why the sentence is over, where it is.
  public let end: SpeechEnd?
}

/// Text tokens with the language model's hidden states to samples, while they come: connector,
/// speech-token model, flow decoder, vocoder.
///
/// One sentence is one sequence. Audio is continuous over the borders of chunks; the samples of a
/// sentence are as long as its tokens (40 ms each).
///
/// ```swift
/// let state = TextState(token: token, hidden: output.tapped)
/// let speech = synthesizer.step([state], textEnded: false, maximumTokens: 6)
/// ```
public struct Synthesizer: Sendable {
  private let connector: HiddenConnector
  private var speechTokens: SpeechTokenModel
  private var flow: FlowDecoder
  private var vocoder: Vocoder
  private var isOver = false

  /// Binds the four parts.
  ///
  /// - Throws: `CheckpointError` where the output of one does not fit the input of the next.
  public init(
    connector: HiddenConnector, speechTokens: SpeechTokenModel, flow: FlowDecoder, vocoder: Vocoder
  ) throws(CheckpointError) {
    let tokens = speechTokens.configuration
    let joints = [
      ("the connector's output", connector.outputs, tokens.transformer.hiddenSize),
      ("the flow decoder's codes", flow.configuration.codes, tokens.codes),
      ("the vocoder's mel bins", vocoder.configuration.melBins, flow.configuration.melBins),
    ]
    for (name, found, expected) in joints where found != expected {
      throw CheckpointError(
        .mismatch, subject: name, reason: "is \(found), expected \(expected)")
    }
    self.connector = connector
    self.speechTokens = speechTokens
    self.flow = flow
    self.vocoder = vocoder
  }

  /// The samples per second of what comes out.
  public var sampleRate: Int { vocoder.configuration.sampleRate }

  /// Takes the text tokens that came, 0 or more, and produces up to so many speech tokens with
  /// their audio.
  ///
  /// The samples of a sentence do not depend on how it was split into steps. After the end nothing
  /// more comes until ``reset()``.
  public mutating func step(
    _ states: [TextState], textEnded: Bool, maximumTokens: Int = .max
  ) -> SynthesizedSpeech {
    guard !isOver else {
      return SynthesizedSpeech(samples: [], tokens: [], end: speechTokens.end)
    }
    let speech = speechTokens.step(
      connected(states), textEnded: textEnded, maximumTokens: maximumTokens)
    isOver = speech.ended
    let mel = flow.step(speech.tokens, ended: speech.ended)
    let samples = vocoder.step(mel, ended: speech.ended)
    return SynthesizedSpeech(samples: samples, tokens: speech.tokens, end: speech.end)
  }

  private func connected(_ states: [TextState]) -> Matrix {
    guard !states.isEmpty else { return Matrix(rows: 0, columns: connector.outputs) }
    let hidden = Matrix(
      rows: states.count, columns: connector.inputs, values: states.flatMap(\.hidden))
    return connector(hidden, tokens: states.map(\.token))
  }

  /// Drops the sentence, finished or not: the next step starts a new one.
  public mutating func reset() {
    speechTokens.reset()
    flow.reset()
    vocoder.reset()
    isOver = false
  }
}
