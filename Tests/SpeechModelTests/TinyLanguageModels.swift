import Checkpoints
import Kernels
import SpeechModel
import TestSupport
import Testing

/// Models of the Llama family with 32 channels and 32 tokens, made from tensor names alone.
struct TinyLanguageModel: Sendable, CustomTestStringConvertible {
  let name: String
  let configuration: LlamaConfiguration
  let tapLayer: Int

  var testDescription: String { name }

  static let llama3 = RotaryConfiguration.Scaling.llama3(
    factor: 8, lowFrequency: 1, highFrequency: 4, context: 256)

  static func scaled() throws -> Self {
    Self(
      name: "llama-scaled",
      configuration: try llama(scaling: llama3, tiesEmbeddings: true), tapLayer: 2)
  }

  /// The models that golden files exist for.
  static func all() throws -> [Self] {
    [
      try scaled(),
      Self(name: "llama-untied", configuration: try llama(keyValueHeads: 4), tapLayer: 3),
      Self(
        name: "llama-wide-heads", configuration: try llama(keyValueHeads: 1, headSize: 16),
        tapLayer: 1),
      Self(name: "qwen2", configuration: try qwen2(), tapLayer: 1),
    ]
  }

  static func llama(
    keyValueHeads: Int = 2, headSize: Int? = nil, scaling: RotaryConfiguration.Scaling = .none,
    tiesEmbeddings: Bool = false
  ) throws -> LlamaConfiguration {
    try LlamaConfiguration(
      hiddenSize: 32, intermediateSize: 64, layers: 3, heads: 4, keyValueHeads: keyValueHeads,
      headSize: headSize, vocabularySize: 32, maximumPositions: 2048, normEpsilon: 1e-5,
      rotary: RotaryConfiguration(base: 500_000, scaling: scaling),
      tiesEmbeddings: tiesEmbeddings, endTokens: [2, 3])
  }

  static func qwen2() throws -> LlamaConfiguration {
    try LlamaConfiguration(
      hiddenSize: 32, intermediateSize: 64, layers: 2, heads: 4, keyValueHeads: 2,
      vocabularySize: 32, maximumPositions: 2048, normEpsilon: 1e-6,
      rotary: RotaryConfiguration(base: 1_000_000), tiesEmbeddings: true,
      biases: LlamaConfiguration.Biases(queryKeyValue: true), endTokens: [2])
  }

  var tensors: FilledTensors { Self.tensors(configuration) }

  func model(
    capacity: Int = 1024, from source: (any TensorSource)? = nil, threads: Int = 1
  ) throws -> LanguageModel {
    try LanguageModel(
      configuration: configuration, from: source ?? tensors, capacity: capacity,
      compute: Compute(threads: threads))
  }

  /// Filled tensors under Hugging Face's names.
  static func tensors(
    _ configuration: LlamaConfiguration, prefix: String = "model."
  ) -> FilledTensors {
    FilledTensors(shapes: configuration.tensorShapes(prefix: prefix))
  }
}

/// Rows of test input that belong to a name.
func plainMatrix(_ name: String, rows: Int, columns: Int) -> Matrix {
  let values = FilledTensors.plainValues(name: name, count: rows * columns)
  return Matrix(rows: rows, columns: columns, values: values.map { Float($0) })
}

/// The index of the largest value, the first of equal ones.
func greedy(_ logits: some Collection<Float>) -> Int {
  var (best, token) = (-Float.infinity, 0)
  for (index, value) in logits.enumerated() where value > best { (best, token) = (value, index) }
  return token
}

/// Streams the input that the golden files were made with: two embeddings and one token a step.
struct GoldenStream {
  static let steps = 200
  let given = plainMatrix("language.in", rows: 2 * steps, columns: 32)
  var token = 1

  mutating func step(_ index: Int, _ model: inout LanguageModel, tapLayer: Int? = nil) throws
    -> LanguageOutput
  {
    let x = given.rows(2 * index..<2 * index + 2).appending(model.embeddings(of: [token]))
    let output = try model.step(x, tapLayer: tapLayer)
    token = greedy(output.logits)
    return output
  }
}
