/// Sound that was made and is not due yet; gives exactly one block for each block.
///
/// A pure machine. An answer that ends by itself is played to its last sample. A yield is heard
/// within the same block: 10 ms of fade, then silence.
package struct PlayoutBuffer: Sendable {
  /// What is put out in a block.
  package struct Block: Hashable, Sendable {
    /// The samples, always as many as a block has.
    package var samples: [Float]
    /// Samples of silence in the middle of an answer, because it was not made in time.
    package var underrun = 0
    /// Samples that a yield threw away, those of the fade not counted.
    package var yielded = 0
    /// Whether the assistant yielded in this block.
    package var isYield = false

    package init(samples: [Float], underrun: Int = 0, yielded: Int = 0, isYield: Bool = false) {
      (self.samples, self.underrun) = (samples, underrun)
      (self.yielded, self.isYield) = (yielded, isYield)
    }
  }

  private enum Answer {
    /// No answer, or all of it is in the buffer.
    case complete
    /// An answer of which nothing was made yet.
    case begun
    /// An answer whose sound waits so many blocks, so that the next chunk comes in time.
    case held(Int)
    /// An answer of which more is to come.
    case playing
  }

  private var pending: ArraySlice<Float> = []
  private var answer = Answer.complete
  private let blockSamples: Int
  private let fadeSamples: Int
  /// Blocks from one chunk of sound to the next while text comes: the text tokens of a chunk.
  private let chunkBlocks: Int

  /// The blocks that may be pending at a `<shift>` that is the natural end of an answer: so long a
  /// word may still sound.
  package static let naturalEndBlocks = 2

  /// - Parameters:
  ///   - blockSamples: The samples of a block.
  ///   - fadeSamples: The samples of a fade, at most those of a block.
  ///   - chunkBlocks: Blocks from one chunk of sound to the next while text comes. Where the first
  ///     chunk is shorter, because flow and vocoder hold some of it back, it is begun later.
  package init(blockSamples: Int, fadeSamples: Int, chunkBlocks: Int = 0) {
    precondition(fadeSamples <= blockSamples, "A fade is over in its block")
    self.blockSamples = blockSamples
    self.fadeSamples = fadeSamples
    self.chunkBlocks = chunkBlocks
  }

  /// The samples that are not due yet.
  package var pendingSamples: Int { pending.count }

  /// Takes what the synthesizer made for a block and gives what is put out in it.
  package mutating func step(_ speech: SpeechSequence.Output) -> Block {
    if speech.begins { answer = .begun }
    if !speech.samples.isEmpty {
      // The last words of the answer before are not held up.
      let isFree = pending.isEmpty
      pending.append(contentsOf: speech.samples)
      if case .begun = answer {
        let missing = chunkBlocks * blockSamples - pending.count
        answer = .held(isFree ? max(0, (missing + blockSamples - 1) / blockSamples) : 0)
      }
    }
    if speech.stops { return stop(isComplete: speech.isComplete) }
    if speech.isComplete { answer = .complete }
    if case .held(let blocks) = answer {
      guard blocks == 0 else {
        answer = .held(blocks - 1)
        return Block(samples: [Float](repeating: 0, count: blockSamples))
      }
      answer = .playing
    }
    return take()
  }

  private mutating func stop(isComplete: Bool) -> Block {
    answer = .complete
    guard !isComplete || pending.count > Self.naturalEndBlocks * blockSamples else { return take() }
    var samples = [Float](repeating: 0, count: blockSamples)
    let faded = pending.prefix(fadeSamples)
    for (index, sample) in faded.enumerated() {
      samples[index] = sample * Float(fadeSamples - index) / Float(fadeSamples)
    }
    let yielded = pending.count - faded.count
    pending = []
    return Block(samples: samples, yielded: yielded, isYield: true)
  }

  private mutating func take() -> Block {
    var samples = Array(pending.prefix(blockSamples))
    pending.removeFirst(samples.count)
    // Copies what is left: a slice keeps the whole array behind it alive.
    if pending.isEmpty || pending.startIndex > Self.slack { pending = ArraySlice(Array(pending)) }
    let missing = blockSamples - samples.count
    samples.append(contentsOf: repeatElement(0, count: missing))
    var underrun = 0
    if case .playing = answer { underrun = missing }
    return Block(samples: samples, underrun: underrun)
  }

  private static let slack = 1 << 16
}
