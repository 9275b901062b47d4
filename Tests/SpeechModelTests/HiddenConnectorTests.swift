import Checkpoints
import Kernels
import SpeechModel
import TestSupport
import Testing

@Suite struct HiddenConnectorTests {
  private let tokens = [3, 0, 5, 3, 1]

  private func shapes(inputNorm: Bool, words: Bool = false) -> [String: [Int]] {
    var shapes = [
      "connector.fc1.weight": [40, 48], "connector.fc1.bias": [40],
      "connector.fc2.weight": [32, 40], "connector.fc2.bias": [32],
      "connector.norm.weight": [32], "connector.norm.bias": [32],
    ]
    if inputNorm { shapes["connector.input_norm.weight"] = [48] }
    if words { shapes["connector.words.weight"] = [6, 32] }
    return shapes
  }

  private func connector(_ shapes: [String: [Int]]) throws -> HiddenConnector {
    try HiddenConnector(
      inputs: 48, inner: 40, outputs: 32, vocabulary: 6, from: FilledTensors(shapes: shapes),
      prefix: "connector.", compute: Compute())
  }

  @Test(arguments: [("plain", false, false), ("normed", true, false), ("worded", true, true)])
  func `states equal the reference's`(name: String, inputNorm: Bool, words: Bool) throws {
    let file = try SafeTensorsFile(path: Goldens.path("speech_tokens/connector.safetensors"))
    let expected = try file.values(name, shape: [5, 32])
    var x = plainMatrix("speech.states", rows: 5, columns: 48)
    for i in x.values.indices { x.values[i] *= 20 }
    let found = try connector(shapes(inputNorm: inputNorm, words: words))(x, tokens: tokens)
    #expect(relativeError(found.values, expected) < 1e-5)
    #expect(found.rows == 5 && found.columns == 32)
  }

  @Test func `the input norm takes the size of the states away`() throws {
    let connector = try connector(shapes(inputNorm: true))
    var x = plainMatrix("speech.states", rows: 2, columns: 48)
    let expected = connector(x, tokens: [0, 1]).values
    for i in x.values.indices { x.values[i] *= 1_000 }
    #expect(relativeError(connector(x, tokens: [0, 1]).values, expected) < 1e-3)
  }

  @Test func `a table of another vocabulary is refused`() {
    var shapes = shapes(inputNorm: true, words: true)
    shapes["connector.words.weight"] = [7, 32]
    let error = #expect(throws: CheckpointError.self) { try connector(shapes) }
    #expect(error?.subject == "connector.words.weight")
  }

  @Test(arguments: ["connector.fc1.bias", "connector.fc2.weight", "connector.norm.bias"])
  func `a missing tensor is named`(name: String) throws {
    var shapes = shapes(inputNorm: false)
    shapes[name] = nil
    let error = #expect(throws: CheckpointError.self) { try connector(shapes) }
    #expect(error?.subject == name)
  }
}
