/// Why a stretch of speech is over.
public enum SpeechEnd: String, Sendable {
  /// The model produced the end token.
  case end
  /// There are as many codes as the text allows.
  case limit
  /// The context is full.
  case capacity
  /// The model gave no usable logit, as from broken weights.
  case notFinite
}

/// The order of text and speech in a stream: what to feed next and which tokens may come.
///
/// The sequence is: start; chunks of text with their codes as long as whole chunks of text are
/// there; when the text has ended, its rest, the task id and codes up to the end token. It knows
/// no embeddings, and its decisions depend on the number of text positions only, never on when
/// they came.
package struct SpeechTokenSequence: Sendable, Equatable {
  /// What to feed to the transformer.
  package enum Piece: Equatable, Sendable {
    case start
    /// The next so many text positions.
    case text(Int)
    case task
    case speech([Int])
  }

  private enum Phase: Equatable {
    case waiting
    case chunk(produced: Int)
    case final
    case ended(SpeechEnd)
  }

  private let configuration: SpeechTokenConfiguration
  private let isOneShot: Bool
  private var phase = Phase.waiting
  private var hasStarted = false
  private var queued: Int
  private var prompt: ArraySlice<Int>
  private var textEnded = false
  /// The text positions that came, the prompt's not counted.
  private var text = 0
  /// The codes that were produced.
  package private(set) var produced = 0

  /// Starts a stream; the prompt's text is at the front of the text, its tokens are fed as they
  /// come.
  package init(
    _ configuration: SpeechTokenConfiguration, promptText: Int = 0, promptTokens: [Int] = [],
    isOneShot: Bool = false
  ) {
    self.configuration = configuration
    self.isOneShot = isOneShot
    queued = promptText
    prompt = promptTokens[...]
  }

  /// Whether the next token is to be produced.
  package var isDecoding: Bool {
    switch phase {
    case .chunk, .final: true
    case .waiting, .ended: false
    }
  }

  /// Why the speech is over, where it is.
  package var end: SpeechEnd? { if case .ended(let end) = phase { end } else { nil } }

  /// Counts text that came.
  package mutating func add(text count: Int, ended: Bool) {
    precondition(count == 0 || !textEnded, "text came after its end")
    queued += count
    text += count
    textEnded = textEnded || ended
  }

  /// Ends the speech.
  package mutating func finish(_ end: SpeechEnd) {
    if self.end == nil { phase = .ended(end) }
  }

  /// Goes as far as the text allows and says what is to be fed before the next token.
  package mutating func advance() -> [Piece] {
    var pieces: [Piece] = []
    if !hasStarted {
      hasStarted = true
      pieces.append(.start)
    }
    while phase == .waiting {
      if queued >= configuration.textChunk, !isOneShot {
        pieces.append(.text(take(configuration.textChunk)))
        startChunk(&pieces)
      } else if textEnded {
        pieces += [.text(take(queued)), .task, .speech(Array(prompt))]
        prompt = []
        phase = .final
      } else {
        break
      }
    }
    if phase == .final, produced >= configuration.maximumTokensPerText * text { finish(.limit) }
    return pieces
  }

  /// The prompt's tokens fill chunks as produced ones would; a chunk that is full waits for text.
  private mutating func startChunk(_ pieces: inout [Piece]) {
    let known = prompt.prefix(configuration.speechChunk)
    prompt = prompt.dropFirst(known.count)
    if !known.isEmpty { pieces.append(.speech(Array(known))) }
    if known.count < configuration.speechChunk { phase = .chunk(produced: known.count) }
  }

  private mutating func take(_ count: Int) -> Int {
    queued -= count
    return count
  }

  /// The tokens that must not come next.
  package var forbidden: [Int] {
    switch (phase, configuration.mode) {
    case (.chunk, .fill): [configuration.end, configuration.unused]
    case (.chunk, .chunk): [configuration.end, configuration.unused, configuration.fill]
    case _ where isOneShot && produced >= configuration.minimumTokensPerText * text: []
    case _ where isOneShot: [configuration.end, configuration.unused, configuration.fill]
    default: [configuration.unused, configuration.fill]
    }
  }

  /// Takes the token that came; true where it fills a chunk that a fill token ends.
  ///
  /// That token is not asked of the model, but counts as the latest one.
  package mutating func accept(_ token: Int) -> Bool {
    if token < configuration.codes { produced += 1 }
    switch phase {
    case .chunk where token >= configuration.codes:
      phase = .waiting
    case .chunk(let count) where count + 1 == configuration.speechChunk:
      phase = .waiting
      return configuration.mode == .fill
    case .chunk(let count):
      phase = .chunk(produced: count + 1)
    case .final where token >= configuration.codes:
      phase = .ended(.end)
    case .final, .waiting, .ended:
      break
    }
    return false
  }
}
