public import Checkpoints
import Foundation

extension ModelBundle {
  /// The folder of the model that the package ships, nano.
  ///
  /// The build puts it beside the executable; nil where an executable was moved without it.
  public static var shippedFolder: String? {
    guard
      let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    else { return nil }
    let folder = URL(filePath: executable).deletingLastPathComponent()
      .appending(path: "salmonn-omni_SpeechModel.resources/nano").path
    return FileManager.default.fileExists(atPath: "\(folder)/manifest.json") ? folder : nil
  }

  /// Opens the model that the package ships: a desk assistant of a small world, 16 kHz.
  ///
  /// - Returns: The bundle.
  /// - Throws: `CheckpointError` where it is not beside the executable, or is damaged.
  public static func shipped() throws(CheckpointError) -> ModelBundle {
    guard let folder = shippedFolder else {
      throw CheckpointError(
        .missing, file: "salmonn-omni_SpeechModel.resources/nano",
        reason: "is not beside the executable; copy it there from the build's folder")
    }
    return try ModelBundle(path: folder)
  }
}
