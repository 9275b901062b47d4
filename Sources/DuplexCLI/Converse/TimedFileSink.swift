package import AudioIO
import Dataflow

/// A sound file as a sink that ends at a given sample, so that it is as long as the input.
package final class TimedFileSink: AudioSink {
  private let file: FileSink
  private let left: Protected<Int>

  /// The rate of what is put and of the file.
  package var sampleRate: Int { file.sampleRate }

  /// - Parameters:
  ///   - path: The file.
  ///   - sampleRate: Its rate.
  ///   - samples: How many it shall hold; nil for all that are put.
  ///   - overwriting: Whether a file of this name may be replaced.
  /// - Throws: `SoundFileError`.
  package init(
    _ path: String, sampleRate: Int, samples: Int?, overwriting: Bool
  ) throws(SoundFileError) {
    file = try FileSink(
      path, sampleRate: sampleRate, overwriting: overwriting, keepsHeaderValid: true)
    left = Protected(samples ?? Int.max)
  }

  package func put(_ samples: [Float]) async throws -> SinkReport {
    let count = left.withLock { left in
      let count = min(left, samples.count)
      left -= count
      return count
    }
    return try await file.put(count == samples.count ? samples : Array(samples.prefix(count)))
  }

  package func finish() async throws -> SinkReport { try await file.finish() }
}
