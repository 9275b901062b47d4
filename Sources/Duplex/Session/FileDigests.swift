import Checkpoints
import Dataflow
import Foundation

/// Digests of a bundle's files, by which a replay tells which of them was changed.
enum FileDigests {
  /// The digest of each file in a folder and below, by its path there; not of texts for people
  /// (`.md`), which change nothing that is computed.
  static func ofFiles(in folder: String) throws(CheckpointError) -> [String: String] {
    var digests: [String: String] = [:]
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    for name in names.sorted() where !name.hasSuffix(".md") {
      let path = "\(folder)/\(name)"
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
        !isFolder.boolValue
      else { continue }
      digests[name] = try digest(of: path)
    }
    return digests
  }

  private static func digest(of path: String) throws(CheckpointError) -> String {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw CheckpointError(.unreadable, file: path, reason: "cannot be opened")
    }
    var digest = BlockDigest.Builder()
    do {
      while let piece = try file.read(upToCount: 1 << 22), !piece.isEmpty {
        piece.withUnsafeBytes { digest.add($0) }
      }
    } catch {
      throw CheckpointError(.unreadable, file: path, reason: "\(error)")
    }
    return digest.finished().description
  }
}
