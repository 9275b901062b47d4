import Checkpoints
package import Duplex
import Foundation
import Kernels
import SeededModels
import SpeechModel

/// Which model a command runs.
package enum ModelChoice: Hashable, Sendable {
  /// The model inside the package.
  case shipped(String)
  /// A bundle in a folder.
  case folder(String)
  /// A tiny model with random weights from this seed, made on the spot.
  case seeded(UInt64)

  /// Reads what was asked for; with nothing, the shipped model, and without one the seeded one.
  ///
  /// - Parameter argument: What `--model` was given.
  package init(_ argument: String?) {
    guard let argument else {
      self = ModelBundle.shippedFolder.map { .shipped($0) } ?? .seeded(1)
      return
    }
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    if argument == "seeded" {
      self = .seeded(1)
    } else if parts.count == 2, parts[0] == "seeded", let seed = UInt64(parts[1]) {
      self = .seeded(seed)
    } else {
      self = .folder(argument)
    }
  }

  /// Whether it says noise.
  package var isSeeded: Bool { if case .seeded = self { true } else { false } }

  /// Loads the model.
  ///
  /// - Parameters:
  ///   - seed: Where the draws of speech tokens start.
  ///   - threads: How many share a product.
  /// - Returns: The model, with what there is to say of it.
  /// - Throws: `CheckpointError`.
  package func load(seed: UInt64, threads: Int) throws -> LoadedModel {
    switch self {
    case .shipped(let path), .folder(let path):
      return try LoadedModel(path, seed: seed, threads: threads)
    case .seeded(let weights):
      let folder = FileManager.default.temporaryDirectory
        .appending(path: "omni-seeded-\(UUID().uuidString)").path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      // What is mapped stays there for this process.
      defer { try? FileManager.default.removeItem(atPath: folder) }
      try RandomBundle(
        shape: try Shape.tiny.sizes(), type: .float32, synthesizerType: .float32, seed: weights
      ).write(to: folder)
      return try LoadedModel(folder, seed: seed, threads: threads)
    }
  }
}

/// A model with what a command says of it.
package struct LoadedModel: Sendable {
  /// The model.
  package let model: DuplexModel
  /// How long it took to load.
  package let loading: Duration
  /// The tokens that are no text, of a model that cannot spell its tokens; nil of one that can.
  package let unspelled: StateTokenIDs?

  init(_ path: String, seed: UInt64, threads: Int) throws {
    let start = ContinuousClock.now
    let bundle = try ModelBundle(path: path)
    model = try DuplexModel(bundle, seed: seed, compute: Compute(threads: threads))
    let tokens = try bundle.stateTokens()
    unspelled =
      try bundle.tokenizer() == nil
      ? StateTokenIDs(think: tokens.think, shift: tokens.shift) : nil
    loading = ContinuousClock.now - start
  }
}
