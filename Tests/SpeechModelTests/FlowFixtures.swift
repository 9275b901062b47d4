import Checkpoints
import Kernels
import SpeechModel
import TestSupport

/// Flow modules with filled weights, and their inputs; `goldens/flow.py` makes the same.
enum FlowFixtures {
  static let promptTokens = 7
  static let tokens = (0..<26).map { (17 * $0 + 7) % 50 }

  static var tiny: FlowConfiguration {
    var sizes = FlowConfiguration()
    sizes.codes = 50
    sizes.width = 32
    sizes.heads = 4
    sizes.feedForward = 64
    sizes.layers = 2
    sizes.upsampledLayers = 1
    sizes.chunk = 5
    sizes.channels = 16
    sizes.estimatorHeads = 2
    sizes.headWidth = 8
    sizes.estimatorFeedForward = 32
    sizes.blockLayers = 2
    sizes.midBlocks = 2
    sizes.timeWidth = 32
    sizes.melBins = 20
    sizes.speakerWidth = 12
    sizes.steps = 4
    sizes.noiseFrames = 37
    return sizes
  }

  static func prompt(tokens: Int = promptTokens) -> VoicePrompt {
    VoicePrompt(
      tokens: (0..<tokens).map { (31 * $0 + 5) % 50 },
      mel: plain("flow.prompt_feat", rows: 2 * tokens, columns: 20),
      speaker: plain("flow.spk", rows: 1, columns: 12).values)
  }

  static func decoder(
    _ sizes: FlowConfiguration = tiny, prompt: VoicePrompt = prompt(), threads: Int = 1
  ) throws -> FlowDecoder {
    try FlowDecoder(
      sizes, from: FilledTensors(shapes: sizes.tensorShapes), prompt: prompt,
      compute: Compute(threads: threads))
  }

  static func plain(_ name: String, rows: Int, columns: Int) -> Matrix {
    let values = FilledTensors.plainValues(name: name, count: rows * columns)
    return Matrix(rows: rows, columns: columns, values: values.map { Float($0) })
  }
}
