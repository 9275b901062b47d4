/// What a mask chunk of the flow decoder costs, to judge whether it fits in its time.
public struct FlowCost: Sendable, Equatable {
  /// Multiplications with weights: the same for every chunk.
  public let weightProducts: Int
  /// Multiplications of queries, keys and values: grow with the keys seen.
  public let attentionProducts: Int
  /// How often the estimator's weights are read: once for each Euler step.
  public let estimatorPasses: Int
  /// The bytes of keys and values that the chunk adds, until they leave the context.
  public let cacheBytes: Int
  /// The seconds of speech of a chunk at 25 tokens per second.
  public let seconds: Double
}

extension FlowConfiguration {
  /// The cost of a whole chunk that sees `frames` frames, the prompt's and its own included.
  public func cost(seeing frames: Int) -> FlowCost {
    let (tokens, rows) = (chunk, chunkFrames)
    let encoderLayer = 4 * width * width + 2 * width * feedForward
    let convolutions = width * width * (lookahead + 1 + 3)
    let encoder =
      tokens * (width * width + convolutions + layers * encoderLayer)
      + rows
      * (width * width * (2 * upsampling + 2) + upsampledLayers * encoderLayer + width * melBins)
    let inner = estimatorHeads * headWidth
    let layer = 4 * channels * inner + 2 * channels * estimatorFeedForward
    let outer = channels * (4 * estimatorInputs + 3 * channels)
    let middle = midBlocks * channels * 7 * channels
    let upper = channels * (4 * 2 * channels + 3 * channels)
    let rest = channels * (3 * 3 * channels + melBins)
    let estimator = estimatorLayers * layer + outer + middle + upper + rest
    let passes = steps * estimatorRows
    let encoderAttention =
      (layers * tokens * frames / upsampling + upsampledLayers * rows * frames) * 3 * width
    return FlowCost(
      weightProducts: encoder + passes * rows * estimator,
      attentionProducts: encoderAttention
        + passes * estimatorLayers * rows * frames * 2 * inner,
      estimatorPasses: steps,
      cacheBytes: 8
        * (passes * estimatorLayers * rows * inner
          + (layers * tokens + upsampledLayers * rows) * width),
      seconds: Double(chunk) / 25)
  }
}
