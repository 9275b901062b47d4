import AudioIO
import Dataflow
import Duplex
import SpeechModel

/// Noise from a seed, block by block.
enum Noise {
  static func block(_ index: Int, seed: UInt64 = 5) -> [Float] {
    var random = SeededRandom(seed: seed &+ UInt64(index) &* 7_919)
    let samples = (0..<SourceBlock.sampleCount).map { _ in random.uniformFloat() * 0.4 - 0.2 }
    return SampleRounding.rounded(samples).samples
  }
}

/// Gives blocks of seeded noise, at once.
final class ScriptedSource: AudioSource {
  private struct State {
    var next = 0
    var isClosed = false
  }

  private let state = Protected(State())
  private let count: Int
  private let change: @Sendable (Int, inout SourceBlock) throws -> Void

  init(
    blocks: Int, change: @escaping @Sendable (Int, inout SourceBlock) throws -> Void = { _, _ in }
  ) {
    (count, self.change) = (blocks, change)
  }

  func next() async throws -> SourceBlock? {
    let index = state.withLock { state -> Int? in
      guard !state.isClosed, state.next < count else { return nil }
      state.next += 1
      return state.next - 1
    }
    guard let index else { return nil }
    var block = SourceBlock(samples: Noise.block(index))
    try change(index, &block)
    return block
  }

  func close() { state.withLock { $0.isClosed = true } }
}

/// Keeps what it is given.
final class CollectingSink: AudioSink {
  let sampleRate: Int
  private let guarded = Protected<[Float]>([])

  init(sampleRate: Int = 16_000) { self.sampleRate = sampleRate }

  var samples: [Float] { guarded.withLock { $0 } }

  func put(_ samples: [Float]) async -> SinkReport {
    guarded.withLock { $0 += samples }
    return SinkReport()
  }

  func finish() async -> SinkReport { SinkReport() }
}

/// Collects the reports of a session.
final class Reports: Sendable {
  private let guarded = Protected<[BlockReport]>([])

  var all: [BlockReport] { guarded.withLock { $0 } }
  var records: [BlockRecord] { all.map(\.record) }
  var events: [JournalEvent] { all.flatMap(\.events) }

  func add(_ report: BlockReport) { guarded.withLock { $0.append(report) } }
}
