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
      sizes, from: FilledTensors(shapes: shapes(sizes)), prompt: prompt,
      compute: Compute(threads: threads))
  }

  static func plain(_ name: String, rows: Int, columns: Int) -> Matrix {
    let values = FilledTensors.plainValues(name: name, count: rows * columns)
    return Matrix(rows: rows, columns: columns, values: values.map { Float($0) })
  }

  /// The tensors of the published checkpoint at any size.
  static func shapes(_ sizes: FlowConfiguration) -> [String: [Int]] {
    var shapes: [String: [Int]] = ["input_embedding.weight": [sizes.codes, sizes.width]]
    func linear(_ name: String, _ shape: [Int], bias: Bool = true) {
      shapes["\(name).weight"] = shape
      if bias { shapes["\(name).bias"] = [shape[0]] }
    }
    func norm(_ name: String, _ width: Int) { linear(name, [width]) }
    let (width, channels) = (sizes.width, sizes.channels)
    linear("spk_embed_affine_layer", [sizes.melBins, sizes.speakerWidth])
    linear("encoder_proj", [sizes.melBins, width])

    for part in ["embed", "up_embed"] {
      linear("encoder.\(part).out.0", [width, width])
      norm("encoder.\(part).out.1", width)
    }
    linear("encoder.pre_lookahead_layer.conv1", [width, width, sizes.lookahead + 1])
    linear("encoder.pre_lookahead_layer.conv2", [width, width, 3])
    linear("encoder.up_layer.conv", [width, width, 2 * sizes.upsampling + 1])
    norm("encoder.after_norm", width)
    let names =
      (0..<sizes.layers).map { "encoder.encoders.\($0)" }
      + (0..<sizes.upsampledLayers).map { "encoder.up_encoders.\($0)" }
    for name in names {
      for part in ["linear_q", "linear_k", "linear_v", "linear_out"] {
        linear("\(name).self_attn.\(part)", [width, width])
      }
      linear("\(name).self_attn.linear_pos", [width, width], bias: false)
      shapes["\(name).self_attn.pos_bias_u"] = [sizes.heads, width / sizes.heads]
      shapes["\(name).self_attn.pos_bias_v"] = [sizes.heads, width / sizes.heads]
      linear("\(name).feed_forward.w_1", [sizes.feedForward, width])
      linear("\(name).feed_forward.w_2", [width, sizes.feedForward])
      norm("\(name).norm_mha", width)
      norm("\(name).norm_ff", width)
    }

    let estimator = "decoder.estimator"
    linear("\(estimator).time_mlp.linear_1", [sizes.timeWidth, 4 * sizes.melBins])
    linear("\(estimator).time_mlp.linear_2", [sizes.timeWidth, sizes.timeWidth])
    func block(_ name: String, _ inputs: Int) {
      linear("\(name).block.0", [channels, inputs, 3])
      norm("\(name).block.2", channels)
    }
    func stage(_ name: String, _ inputs: Int) {
      linear("\(name).0.mlp.1", [channels, sizes.timeWidth])
      block("\(name).0.block1", inputs)
      block("\(name).0.block2", channels)
      linear("\(name).0.res_conv", [channels, inputs, 1])
      let inner = sizes.estimatorHeads * sizes.headWidth
      for index in 0..<sizes.blockLayers {
        let layer = "\(name).1.\(index)"
        norm("\(layer).norm1", channels)
        norm("\(layer).norm3", channels)
        for part in ["to_q", "to_k", "to_v"] {
          linear("\(layer).attn1.\(part)", [inner, channels], bias: false)
        }
        linear("\(layer).attn1.to_out.0", [channels, inner])
        linear("\(layer).ff.net.0.proj", [sizes.estimatorFeedForward, channels])
        linear("\(layer).ff.net.2", [channels, sizes.estimatorFeedForward])
      }
    }
    stage("\(estimator).down_blocks.0", 4 * sizes.melBins)
    linear("\(estimator).down_blocks.0.2", [channels, channels, 3])
    for index in 0..<sizes.midBlocks { stage("\(estimator).mid_blocks.\(index)", channels) }
    stage("\(estimator).up_blocks.0", 2 * channels)
    linear("\(estimator).up_blocks.0.2", [channels, channels, 3])
    block("\(estimator).final_block", channels)
    linear("\(estimator).final_proj", [sizes.melBins, channels, 1])
    return shapes
  }
}
