extension FlowConfiguration {
  /// Every tensor by its public name, with its shape.
  package var tensorShapes: [String: [Int]] {
    var shapes: [String: [Int]] = ["input_embedding.weight": [codes, width]]
    func linear(_ name: String, _ shape: [Int], bias: Bool = true) {
      shapes["\(name).weight"] = shape
      if bias { shapes["\(name).bias"] = [shape[0]] }
    }
    func norm(_ name: String, _ width: Int) { linear(name, [width]) }

    linear("spk_embed_affine_layer", [melBins, speakerWidth])
    linear("encoder_proj", [melBins, width])

    for part in ["embed", "up_embed"] {
      linear("encoder.\(part).out.0", [width, width])
      norm("encoder.\(part).out.1", width)
    }
    linear("encoder.pre_lookahead_layer.conv1", [width, width, lookahead + 1])
    linear("encoder.pre_lookahead_layer.conv2", [width, width, 3])
    linear("encoder.up_layer.conv", [width, width, 2 * upsampling + 1])
    norm("encoder.after_norm", width)
    let names =
      (0..<layers).map { "encoder.encoders.\($0)" }
      + (0..<upsampledLayers).map { "encoder.up_encoders.\($0)" }
    for name in names {
      for part in ["linear_q", "linear_k", "linear_v", "linear_out"] {
        linear("\(name).self_attn.\(part)", [width, width])
      }
      linear("\(name).self_attn.linear_pos", [width, width], bias: false)
      shapes["\(name).self_attn.pos_bias_u"] = [heads, width / heads]
      shapes["\(name).self_attn.pos_bias_v"] = [heads, width / heads]
      linear("\(name).feed_forward.w_1", [feedForward, width])
      linear("\(name).feed_forward.w_2", [width, feedForward])
      norm("\(name).norm_mha", width)
      norm("\(name).norm_ff", width)
    }

    let estimator = "decoder.estimator"
    linear("\(estimator).time_mlp.linear_1", [timeWidth, 4 * melBins])
    linear("\(estimator).time_mlp.linear_2", [timeWidth, timeWidth])
    func block(_ name: String, _ inputs: Int) {
      linear("\(name).block.0", [channels, inputs, 3])
      norm("\(name).block.2", channels)
    }
    func stage(_ name: String, _ inputs: Int) {
      linear("\(name).0.mlp.1", [channels, timeWidth])
      block("\(name).0.block1", inputs)
      block("\(name).0.block2", channels)
      linear("\(name).0.res_conv", [channels, inputs, 1])
      let inner = estimatorHeads * headWidth
      for index in 0..<blockLayers {
        let layer = "\(name).1.\(index)"
        norm("\(layer).norm1", channels)
        norm("\(layer).norm3", channels)
        for part in ["to_q", "to_k", "to_v"] {
          linear("\(layer).attn1.\(part)", [inner, channels], bias: false)
        }
        linear("\(layer).attn1.to_out.0", [channels, inner])
        linear("\(layer).ff.net.0.proj", [estimatorFeedForward, channels])
        linear("\(layer).ff.net.2", [channels, estimatorFeedForward])
      }
    }
    stage("\(estimator).down_blocks.0", 4 * melBins)
    linear("\(estimator).down_blocks.0.2", [channels, channels, 3])
    for index in 0..<midBlocks { stage("\(estimator).mid_blocks.\(index)", channels) }
    stage("\(estimator).up_blocks.0", 2 * channels)
    linear("\(estimator).up_blocks.0.2", [channels, channels, 3])
    block("\(estimator).final_block", channels)
    linear("\(estimator).final_proj", [melBins, channels, 1])
    return shapes
  }
}
