import Checkpoints
import Kernels
import SpeechModel
import TestSupport

/// A speech-token model with 27 codes and 32 channels, made from tensor names alone.
enum TinySpeechTokenModel {
  static let codes = 27

  /// The end and fill tokens are made likelier, so that they come up by themselves.
  static var tensors: FilledTensors {
    get throws {
      let shapes = try configuration(.chunk, 1, 1).tensorShapes()
      var bias = FilledTensors.values(name: "llm_decoder.bias", shape: [codes + 3])
      bias[codes] += 0.4
      bias[codes + 2] += 0.4
      return FilledTensors(shapes: shapes, overrides: ["llm_decoder.bias": bias])
    }
  }

  static func configuration(
    _ mode: SpeechTokenConfiguration.Mode, _ textChunk: Int, _ speechChunk: Int
  ) throws -> SpeechTokenConfiguration {
    try SpeechTokenConfiguration(
      transformer: TinyLanguageModel.qwen2(), codes: codes, textChunk: textChunk,
      speechChunk: speechChunk, mode: mode)
  }

  static func model(
    _ mode: SpeechTokenConfiguration.Mode, _ textChunk: Int, _ speechChunk: Int,
    capacity: Int = 1_000, sampling: SpeechTokenSampling = .greedy
  ) throws -> SpeechTokenModel {
    try SpeechTokenModel(
      configuration: configuration(mode, textChunk, speechChunk), from: tensors,
      capacity: capacity, sampling: sampling, compute: Compute())
  }

  /// Text embeddings that belong to a name.
  static func text(_ name: String, _ positions: Int) -> Matrix {
    var x = plainMatrix("speech.\(name)", rows: positions, columns: 32)
    for i in x.values.indices { x.values[i] *= 2 }
    return x
  }

  static let none = Matrix(rows: 0, columns: 32)
}
