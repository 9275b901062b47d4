package import AudioIO
import Dataflow
package import Scenarios

/// A room with the users of a script in it, and a loudspeaker that a microphone hears.
///
/// It is both ends of a session. What playback puts out for block k sounds while block k + 1 is
/// captured, so the source gives a block when the sink has the one before: the session hears the
/// echo of what it says itself, not of what a script says.
///
/// After the script the room goes on, with the sound of its last 0.4 s again and again, until the
/// assistant has put out silence for 0.48 s, 8 s at most: an answer that begins later than the
/// script's, or is spoken slower, is heard to its end.
package final class ScriptedRoom: AudioSource, AudioSink {
  /// 0.4 s, 0.48 s and 8 s in blocks.
  private static let (repeated, quiet, longest) = (5, 6, 100)

  private struct State {
    /// What is heard, with what is heard after the script's end.
    var environment: [Float]
    /// How much of it the script has.
    let scripted: Int
    var given = 0
    var putOut: [Float] = []

    init(environment: [Float]) {
      let ending = environment.suffix(repeated * SourceBlock.sampleCount)
      let count = ending.isEmpty ? 0 : longest * SourceBlock.sampleCount
      let after = (0..<count).map { ending[ending.startIndex + $0 % ending.count] }
      (self.environment, scripted) = (environment + after, environment.count)
    }

    /// Whether the assistant is not heard any more.
    var isSilent: Bool {
      putOut.suffix(quiet * SourceBlock.sampleCount).allSatisfy { $0 == 0 }
    }
  }

  package let sampleRate = SourceBlock.sampleRate
  private let echo: EchoPath
  private let state: Protected<State>
  private let played: EdgeReader<Void>
  private let plays: EdgeWriter<Void>
  private let isClosed = Protected(false)

  /// A room.
  ///
  /// - Parameters:
  ///   - environment: What is heard without the assistant, at 16 kHz; whole blocks.
  ///   - echo: The way of the assistant's sound to the microphone.
  package init(environment: [Float], echo: EchoPath) {
    self.echo = echo
    state = Protected(State(environment: environment))
    // The session's own edges do not end here: the last block that is played waits for nobody.
    (plays, played) = makeEdge(
      of: Void.self, name: EdgeName("room", from: .playback, to: .capture), capacity: 2)
  }

  /// What the assistant put out so far.
  package var putOut: [Float] { state.withLock { $0.putOut } }

  package func next() async throws -> SourceBlock? {
    let isFirst = state.withLock { $0.given == 0 }
    if !isFirst { guard try await played.receive() != nil else { return nil } }
    guard !isClosed.withLock({ $0 }) else { return nil }
    return state.withLock { state in
      let count = SourceBlock.sampleCount
      let next = state.given + count
      // Whether the assistant is silent matters, and is looked for, after the script alone.
      guard next <= state.scripted || (next <= state.environment.count && !state.isSilent)
      else { return nil }
      let samples = Array(state.environment[state.given..<next])
      state.given = next
      return SourceBlock(samples: SampleRounding.rounded(samples).samples)
    }
  }

  package func close() { isClosed.withLock { $0 = true } }

  package func put(_ samples: [Float]) async throws -> SinkReport {
    state.withLock { state in
      echo.add(samples, at: state.putOut.count, to: &state.environment)
      state.putOut += samples
    }
    _ = try await plays.send(())
    return SinkReport()
  }

  package func finish() async throws -> SinkReport { SinkReport() }
}
