package import AudioIO
import Dataflow
import Foundation

/// A sound file as a sink that ends at a given sample, so that it is as long as the input.
///
/// A file that it replaces stays until the new one, which is written beside it, is whole.
package final class TimedFileSink: AudioSink {
  private let path: String
  /// Where the sound goes: `path`, or a file beside it.
  private let target: String
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
    let isThere = FileManager.default.fileExists(atPath: path)
    target = overwriting && isThere ? Self.beside(path) : path
    self.path = path
    file = try FileSink(
      target, sampleRate: sampleRate, overwriting: overwriting, keepsHeaderValid: true)
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

  package func finish() async throws -> SinkReport {
    let report = try await file.finish()
    if target != path, rename(target, path) != 0 {
      throw CommandFailure("\(target) is whole, but cannot take the place of \(path)")
    }
    return report
  }

  /// Removes what was written, which must not be finished.
  package func discard() { try? FileManager.default.removeItem(atPath: target) }

  /// The name keeps its ending, which chooses the format.
  private static func beside(_ path: String) -> String {
    let url = URL(filePath: path)
    return url.deletingPathExtension().appendingPathExtension("part")
      .appendingPathExtension(url.pathExtension).path
  }
}
