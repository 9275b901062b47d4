public import ArgumentParser
import Foundation
public import Kernels
import SeededModels

/// Writes a bundle of a real shape with random weights.
///
/// To measure loading, memory and speed where no weights are at hand. What it says is noise.
@main
struct MakeModel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "make-model",
    abstract: "Write a model bundle with random weights of a chosen shape.",
    discussion: """
      The full shape is Llama-3-8B (a GGUF file), an encoder of 32 Mamba blocks of 2048, and \
      CosyVoice2-0.5B.
      """)

  @Argument(help: "The new folder.", completion: .directory)
  var folder: String

  @Option(help: "The shape: \(Shape.allCases.map(\.rawValue).joined(separator: " or ")).")
  var shape: Shape = .full

  @Option(help: "The number format of encoder, language model and speech-token model.")
  var type: ElementType = .q4_0

  @Option(help: "The number format of flow decoder and vocoder.")
  var synthesizerType: ElementType = .float16

  @Option(help: "Where the random numbers start.")
  var seed: UInt64 = 1

  func run() throws {
    guard !FileManager.default.fileExists(atPath: folder) else {
      throw ValidationError("\(folder) exists already; name a new folder.")
    }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try RandomBundle(
      shape: try shape.sizes(), type: type, synthesizerType: synthesizerType, seed: seed
    ).write(to: folder)
    print("wrote \(folder)")
  }
}

extension ElementType: ExpressibleByArgument {}
extension Shape: ExpressibleByArgument {}
