package import Kernels
package import SpeechModel
import Tokenization

/// What the language model decided in a block.
package struct LanguageDecision: Sendable {
  /// What it means for the synthesizer.
  package enum Speech: Sendable {
    /// The assistant listens, or its text is complete already.
    case none
    /// An answer begins, with its first text token.
    case begin(TextState)
    /// Text goes on, with its next token.
    case text(TextState)
    /// The text of the answer is complete.
    case endText
    /// The assistant listens again.
    case stop
  }

  package var token: Int
  package var firstText: Int?
  package var text: String?
  package var isSpeaking: Bool
  package var speech: Speech
  /// The most probable tokens, best first.
  var top: [(id: Int, probability: Float)]
  package var think: Float
  package var shift: Float
  /// The positions that the model goes on with, in the block in which its context was refreshed.
  var refreshedPositions: Int?
  /// All that the step computed, for digests: logits and hidden states.
  package var computed: [Float]
}

/// One block through the language model: embeddings of both streams in, one decision out.
///
/// The positions of block k are `[environment k] [assistant k] [token of block k-1]`; where an
/// answer begins, `[<shift>]` follows and predicts the first text token in the same block. The
/// token before block 0 is `<think>`. With implicit thinking no state token is fed.
package struct LanguageStep: Sendable {
  private var context: LanguageContext
  private var turn: TurnState
  private var sampler: Sampler
  private var decoder: StreamingDecoder?
  private let tokens: StateTokens
  private let tapLayer: Int
  private let thinking: ModelManifest.Thinking
  private let givenStarts: [Int]?
  /// The block that comes next.
  private var block = 0
  /// The token of the block before; nil where none is fed.
  private var last: Int?

  package init(model: DuplexModel, configuration: DuplexConfiguration) {
    let manifest = model.manifest
    context = LanguageContext(model.language, plan: configuration.contextPlan(of: model))
    turn = TurnState(maximumText: configuration.maximumTextTokens)
    sampler = Sampler(
      SamplingConfiguration(temperature: configuration.temperature, seed: configuration.seed))
    decoder = model.tokenizer.map { StreamingDecoder($0, skipSpecialTokens: true) }
    tokens = model.stateTokens
    tapLayer = manifest.language.tapLayer
    thinking = manifest.block.thinking
    givenStarts = configuration.givenStarts
    last = thinking == .explicit ? tokens.think : nil
  }

  /// Takes the embeddings of both streams for one block, each `[embeddingsPerBlock, hiddenSize]`.
  ///
  /// - Throws: `ContextFull` where the context could not be refreshed in time; ``DuplexError``
  ///   where the model gives no usable logit.
  package mutating func step(environment: Matrix, assistant: Matrix) throws -> LanguageDecision {
    var positions = environment.appending(assistant)
    if let last { positions = positions.appending(context.embeddings(of: [last])) }
    let output = try context.step(positions, tapLayer: tapLayer)
    let token = try choose(output.logits)
    let action = turn.accept(
      token == tokens.think ? .think : token == tokens.shift ? .shift : .text)

    var decision = LanguageDecision(
      token: token, isSpeaking: turn.isSpeaking, speech: .none,
      top: Sampler.mostProbable(Self.reported, logits: output.logits), think: 0, shift: 0,
      computed: output.logits + output.tapped)
    let state = Sampler.probabilities(of: [tokens.think, tokens.shift], logits: output.logits)
    (decision.think, decision.shift) = (state[0], state[1])

    switch action {
    case .stay: break
    case .begin: try begin(&decision, after: output)
    case .say:
      decision.speech = .text(TextState(token: token, hidden: output.tapped))
      decision.text = decoder?.decode(token)
    case .endText:
      decision.speech = .endText
      decision.text = decoder?.finish()
    case .stop:
      decision.speech = .stop
      decision.text = decoder?.finish()
    }
    if decision.text?.isEmpty == true { decision.text = nil }
    let said = decision.firstText ?? token
    last = thinking == .explicit || !tokens.contains(said) ? said : nil
    block += 1
    decision.refreshedPositions = try context.endBlock()
    return decision
  }

  /// Predicts the first text token of an answer in the block of its `<shift>`.
  private mutating func begin(
    _ decision: inout LanguageDecision, after output: LanguageOutput
  ) throws {
    var output = output
    if thinking == .explicit {
      output = try context.step(context.embeddings(of: [tokens.shift]), tapLayer: tapLayer)
      decision.computed += output.logits + output.tapped
    }
    guard
      let first = sampler.sample(
        output.logits, forbidding: tokens.silent + [tokens.think, tokens.shift])
    else { throw DuplexError.noUsableLogit }
    turn.acceptFirstText()
    decision.firstText = first
    decision.text = decoder?.decode(first)
    decision.speech = .begin(TextState(token: first, hidden: output.tapped))
  }

  private mutating func choose(_ logits: [Float]) throws(DuplexError) -> Int {
    if let givenStarts, !turn.isSpeaking {
      return givenStarts.contains(block) ? tokens.shift : tokens.think
    }
    let token =
      turn.allowsText
      ? sampler.sample(logits, forbidding: tokens.silent)
      : sampler.sample(logits, among: [tokens.think, tokens.shift])
    guard let token else { throw .noUsableLogit }
    return token
  }

  /// How many of the most probable tokens the journal holds.
  private static let reported = 5
}
