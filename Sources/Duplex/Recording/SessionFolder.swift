import Dataflow
import Foundation

/// A session on disk: `environment.wav`, `assistant.wav` and `journal.jsonl` in a folder.
public struct SessionFolder: Hashable, Sendable {
  /// The folder.
  public let path: String
  /// What was heard: 16 kHz, 16 bits, mono.
  public var environment: String { "\(path)/environment.wav" }
  /// What was put out: the model's rate, 16 bits, mono.
  public var assistant: String { "\(path)/assistant.wav" }
  /// One line for the session, then one for each block and event.
  public var journal: String { "\(path)/journal.jsonl" }

  /// Names a folder; nothing is read or made.
  ///
  /// - Parameter path: The folder.
  public init(path: String) { self.path = path }

  /// Makes the folder, for a new session.
  ///
  /// - Throws: `RecordingError`: exists where there is a session already; denied, readOnly,
  ///   diskFull, missing.
  func create() throws(RecordingError) {
    for file in [environment, assistant, journal] where FileManager.default.fileExists(atPath: file)
    { throw RecordingError(errno: EEXIST, path: file) }
    try RecordingFolder.create(path)
  }
}
