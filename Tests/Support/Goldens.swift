import Foundation

/// Paths of the golden files of a test target.
package enum Goldens {
  /// A file in the `Goldens` folder beside the calling test file.
  package static func path(_ name: String, file: String = #filePath) -> String {
    URL(filePath: file).deletingLastPathComponent().appending(path: "Goldens/\(name)").path
  }
}
