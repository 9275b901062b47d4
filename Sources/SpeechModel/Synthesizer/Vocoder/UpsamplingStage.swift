import Checkpoints
import Kernels

/// One stage of the vocoder: upsampling, the source's spectrum added, residual blocks side by side.
struct UpsamplingStage: Sendable {
  private let slope: Float
  /// The last stage puts a mirrored row in front, for the inverse STFT has a frame more than hops.
  private let mirrorsFirst: Bool
  private var isFirst = true
  private var up: Upsampling
  private var sourceDown: StreamingConvolution
  private var sourceBlock: ResidualBlock
  private var blocks: [ResidualBlock]
  private var main: RowQueue
  private var side: RowQueue
  private var ways: [RowQueue]

  init(
    _ configuration: VocoderConfiguration, stage: Int, from weights: VocoderWeights
  ) throws(CheckpointError) {
    let channels = configuration.channels(afterStage: stage)
    slope = configuration.slope
    mirrorsFirst = stage == configuration.upsampleRates.count - 1
    up = try Upsampling(configuration, stage: stage, from: weights)
    sourceDown = try StreamingConvolution(
      "source_downs.\(stage)", inputs: 2 * configuration.bins, outputs: channels,
      geometry: configuration.sourceGeometry(stage: stage), from: weights)
    sourceBlock = try ResidualBlock(
      "source_resblocks.\(stage)", channels: channels, kernel: configuration.sourceKernels[stage],
      dilations: configuration.sourceDilations[stage], configuration: configuration, from: weights)
    blocks = []
    let kernels = configuration.residualKernels
    for (index, kernel) in kernels.enumerated() {
      blocks.append(
        try ResidualBlock(
          "resblocks.\(stage * kernels.count + index)", channels: channels, kernel: kernel,
          dilations: configuration.residualDilations[index], configuration: configuration,
          from: weights))
    }
    main = RowQueue(columns: channels)
    side = RowQueue(columns: channels)
    ways = kernels.map { _ in RowQueue(columns: channels) }
  }

  /// Takes the next rows of the way from the mel frames and the next frames of the source's STFT.
  mutating func step(_ x: Matrix, spectrum: Matrix, ended: Bool) -> Matrix {
    var x = x
    Elementwise.apply(.leakyReLU(slope: slope), to: &x)
    var raised = up.step(x, ended: ended)
    if mirrorsFirst, isFirst, raised.rows > 0 {
      raised = raised.rows(1..<2).appending(raised)
      isFirst = false
    }
    main.append(raised)
    side.append(sourceBlock.step(sourceDown.step(spectrum, ended: ended), ended: ended))

    let ready = min(main.count, side.count)
    var joined = main.take(ready)
    Elementwise.add(side.take(ready), to: &joined)
    return mean(joined, ended: ended)
  }

  /// The mean of the residual blocks, of which the wider ones look further ahead.
  private mutating func mean(_ x: Matrix, ended: Bool) -> Matrix {
    for index in blocks.indices { ways[index].append(blocks[index].step(x, ended: ended)) }
    let ready = ways.map(\.count).min() ?? 0
    var sum = ways[0].take(ready)
    for index in ways.indices.dropFirst() {
      Elementwise.add(ways[index].take(ready), to: &sum)
    }
    VocoderMath.divide(&sum.values, by: Float(blocks.count))
    return sum
  }

  mutating func reset() {
    isFirst = true
    up.reset()
    sourceDown.reset()
    sourceBlock.reset()
    for index in blocks.indices {
      blocks[index].reset()
      ways[index].reset()
    }
    main.reset()
    side.reset()
  }
}
