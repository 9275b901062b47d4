import Checkpoints
import Duplex
import Foundation
import Kernels
import SeededModels
import SpeechModel

/// A model of the real structure with some ten thousand random weights, made from a seed.
enum TinyModel {
  /// Writes a bundle into a new folder.
  static func bundle(
    seed: UInt64 = 1, in folder: Scratch, name: String = "model",
    change: (inout ModelManifest) -> Void = { _ in }
  ) throws -> String {
    let path = folder.path(name)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    var sizes = try Shape.tiny.sizes()
    change(&sizes.manifest)
    try RandomBundle(shape: sizes, type: .float32, synthesizerType: .float32, seed: seed)
      .write(to: path)
    return path
  }

  /// Loads a model that is not kept on the disk.
  static func model(
    seed: UInt64 = 1, backend: KernelBackend? = nil,
    change: (inout ModelManifest) -> Void = { _ in }
  ) throws -> DuplexModel {
    let scratch = try Scratch()
    let path = try bundle(seed: seed, in: scratch, change: change)
    return try DuplexModel(ModelBundle(path: path), compute: Compute(backend: backend))
  }

  /// Draws tokens instead of taking the most probable: random weights then listen, speak, yield and
  /// end within seconds.
  static var talkative: DuplexConfiguration {
    var configuration = DuplexConfiguration()
    configuration.temperature = 1
    configuration.seed = 3
    configuration.maximumTextTokens = 12
    return configuration
  }
}

/// A folder that goes away with this value.
final class Scratch {
  let root: String

  init() throws {
    root = NSTemporaryDirectory() + "duplex-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func path(_ name: String) -> String { "\(root)/\(name)" }
}
