import Dataflow
import Kernels
import SpeechModel

/// 80 ms of one stream.
struct AudioBlock: Sendable {
  /// Whose sound it is.
  let stream: AudioStream
  /// Which 80 ms.
  let index: BlockIndex
  /// Mono samples in [-1, 1), steps of sixteen bits.
  let samples: [Float]

  /// Silence.
  static func silence(_ stream: AudioStream, _ index: BlockIndex, samples: Int) -> AudioBlock {
    AudioBlock(stream: stream, index: index, samples: [Float](repeating: 0, count: samples))
  }
}

/// The embeddings of one block of one stream.
struct Frames: Sendable {
  /// Whose sound it was; the stream's tag is in the embeddings already.
  let stream: AudioStream
  /// `[embeddingsPerBlock, hiddenSize]`.
  let embeddings: Matrix
}

/// What is known of a block so far; travels with it through all stages.
struct BlockTrace: Sendable {
  /// The line of the journal that it becomes.
  var record: BlockRecord
  /// What happened besides, in order.
  var events: [JournalEvent] = []
  /// The levels of what was heard, in dB of full scale.
  var environmentLevel = -Float.infinity
  /// When the stage before had its output ready.
  var sent: Duration
  /// When the present stage began.
  var start: Duration = .zero

  init(block: BlockIndex, arrival: Duration) {
    record = BlockRecord(block: block, token: 0)
    sent = arrival
  }

  var block: BlockIndex { record.block }

  /// Takes over what the language model decided.
  mutating func record(_ decision: LanguageDecision) {
    record.token = decision.token
    record.firstText = decision.firstText
    record.text = decision.text
    record.state = decision.isSpeaking ? .speaking : .listening
    record.top = decision.top.map {
      BlockRecord.Candidate(token: $0.id, probability: $0.probability)
    }
    (record.think, record.shift) = (decision.think, decision.shift)
    record.speak = max(0, 1 - decision.think - decision.shift)
    if let positions = decision.refreshedPositions {
      events.append(.refresh(block, positions: positions))
    }
  }
}

/// Capture to encoder.
struct HeardBlock: Sendable {
  let audio: AudioBlock
  let trace: BlockTrace
}

/// Encoder to language step.
struct FrameBlock: Sendable {
  let environment: Frames
  let assistant: Frames
  let trace: BlockTrace
}

/// Language step to synthesizer.
struct TokenBlock: Sendable {
  let speech: LanguageDecision.Speech
  let trace: BlockTrace
}

/// Synthesizer to playback.
struct SpeechBlock: Sendable {
  let speech: SpeechSequence.Output
  let trace: BlockTrace
}
