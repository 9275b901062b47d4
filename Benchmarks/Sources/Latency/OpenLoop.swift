import AudioIO
import Dataflow
import SpeechModel
import Synchronization

/// A microphone and a loudspeaker that keep time: block n is there at start + (n + 1) x 80 ms,
/// whether or not anybody is ready, and the moment at which its answer is put is noted.
final class OpenLoop: Sendable {
  private struct State {
    var start: ContinuousClock.Instant?
    var given = 0
    var random = SeededRandom(seed: 1)
    var latencies: [Double] = []
  }

  private let state = Mutex(State())
  private let blocks: Int
  let sampleRate: Int

  init(blocks: Int, sampleRate: Int) { (self.blocks, self.sampleRate) = (blocks, sampleRate) }

  /// Milliseconds from the moment when a block was due to that when its answer was put.
  var latencies: [Double] { state.withLock { $0.latencies } }
}

extension OpenLoop: AudioSource {
  func next() async throws -> SourceBlock? {
    let due = state.withLock { state -> (ContinuousClock.Instant, [Float])? in
      guard state.given < blocks else { return nil }
      let start = state.start ?? .now
      state.start = start
      state.given += 1
      // Quiet noise: what is said in it makes no difference to the work.
      let samples = (0..<SourceBlock.sampleCount).map { _ in
        state.random.uniformFloat() * 0.02 - 0.01
      }
      return (start + BlockIndex.duration * state.given, samples)
    }
    guard let (moment, samples) = due else { return nil }
    if ContinuousClock.now < moment { try await ContinuousClock().sleep(until: moment) }
    return SourceBlock(samples: SampleRounding.rounded(samples).samples)
  }

  func close() {}
}

extension OpenLoop: AudioSink {
  func put(_ samples: [Float]) async -> SinkReport {
    state.withLock { state in
      guard let start = state.start else { return }
      let due = start + BlockIndex.duration * (state.latencies.count + 1)
      state.latencies.append((ContinuousClock.now - due) / .milliseconds(1))
    }
    return SinkReport()
  }

  func finish() async -> SinkReport { SinkReport() }
}
