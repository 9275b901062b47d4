package import SpeechModel

/// The speech of one answer after the other: text tokens in as they come, samples out.
///
/// How many speech tokens are made in a block depends on how much sound is ahead of its playing:
/// a whole chunk while nothing is, then half a chunk, and none while the bound is reached.
package struct SpeechSequence: Sendable {
  /// What a block brought.
  package struct Output: Sendable {
    /// New samples at the synthesizer's rate.
    package var samples: [Float]
    /// An answer began in this block.
    package var begins: Bool
    /// No more samples of this answer will come.
    package var isComplete: Bool
    /// The assistant listens again from this block on.
    package var stops: Bool

    package init(
      samples: [Float] = [], begins: Bool = false, isComplete: Bool = false, stops: Bool = false
    ) {
      (self.samples, self.begins) = (samples, begins)
      (self.isComplete, self.stops) = (isComplete, stops)
    }
  }

  private enum Phase {
    case idle
    case speaking(textEnded: Bool)
    /// All samples were made; they may still be playing.
    case complete
  }

  private var synthesizer: Synthesizer
  private var phase = Phase.idle
  /// Samples that were made and not due yet.
  private var ahead = 0
  private let blockSamples: Int
  private let maximumAhead: Int
  private let chunk: Int

  /// - Parameters:
  ///   - synthesizer: The synthesizer.
  ///   - chunk: The speech tokens of a chunk.
  ///   - blockSamples: The samples of a block at the synthesizer's rate.
  ///   - maximumAhead: The samples after which no more are made until some were played.
  package init(_ synthesizer: Synthesizer, chunk: Int, blockSamples: Int, maximumAhead: Int) {
    self.synthesizer = synthesizer
    self.chunk = chunk
    self.blockSamples = blockSamples
    self.maximumAhead = maximumAhead
  }

  /// Takes the decision of a block.
  package mutating func step(_ speech: LanguageDecision.Speech) -> Output {
    var output = Output()
    switch speech {
    case .begin(let state):
      synthesizer.reset()
      phase = .speaking(textEnded: false)
      output.begins = true
      make(from: [state], into: &output)
    case .text(let state): make(from: [state], into: &output)
    case .endText:
      if case .speaking = phase { phase = .speaking(textEnded: true) }
      make(from: [], into: &output)
    case .none: make(from: [], into: &output)
    case .stop:
      output.stops = true
      if case .complete = phase { output.isComplete = true }
      phase = .idle
    }
    ahead = max(0, ahead + output.samples.count - blockSamples)
    if output.stops && !output.isComplete { ahead = 0 }
    return output
  }

  private mutating func make(from states: [TextState], into output: inout Output) {
    guard case .speaking(let textEnded) = phase else {
      if case .complete = phase { output.isComplete = true }
      return
    }
    let speech = synthesizer.step(states, textEnded: textEnded, maximumTokens: tokens)
    output.samples = speech.samples
    guard speech.end != nil else { return }
    phase = .complete
    output.isComplete = true
  }

  /// The speech tokens to make in this block.
  ///
  /// The first of an answer are wanted as soon as their
  /// text is there; later ones are spread, because a chunk is several blocks long.
  private var tokens: Int {
    if ahead >= maximumAhead { return 0 }
    return ahead < 2 * blockSamples ? chunk : (chunk + 1) / 2
  }
}
