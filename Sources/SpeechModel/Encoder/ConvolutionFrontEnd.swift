import Checkpoints
import Kernels

/// Log-mel frames at 100 Hz to the encoder's width at 25 Hz.
///
/// Two causal convolutions, each followed by GELU (erf form), the second with stride 2; then
/// joined neighbours and a linear map. With 8 frames in, exactly 2 come out: output j depends on
/// frames up to 4 j + 3, so nothing ahead is needed.
struct ConvolutionFrontEnd: Sendable {
  /// What is carried from step to step, for some streams.
  struct State: Sendable {
    fileprivate var first: FrameWindows.State
    fileprivate var second: FrameWindows.State
    fileprivate var joined: FrameWindows.State

    /// The size of the carried frames in memory.
    var byteCount: Int {
      4 * (first.carried.values.count + second.carried.values.count + joined.carried.values.count)
    }
  }

  private let firstWindows: FrameWindows
  private let secondWindows: FrameWindows
  private let joinedWindows: FrameWindows
  private let conv1: Linear
  private let conv2: Linear
  private let project: Linear

  /// Takes `conv1`, `conv2` (`[out, in, kernel]`) and `project`, weights and biases.
  init(
    _ configuration: SpeechEncoderConfiguration, from source: any TensorSource, prefix: String,
    compute: Compute
  ) throws(CheckpointError) {
    try configuration.validate()
    let (kernel, channels) = (configuration.kernel, configuration.channels)
    let bins = configuration.logMel.bins
    firstWindows = FrameWindows(
      size: kernel, stride: configuration.strides[0], channels: bins, order: .channelMajor)
    secondWindows = FrameWindows(
      size: kernel, stride: configuration.strides[1], channels: channels, order: .channelMajor)
    joinedWindows = FrameWindows(
      size: configuration.joined, stride: configuration.joined, channels: channels,
      order: .frameMajor)
    conv1 = try Linear(
      prefix + "conv1", inputs: bins * kernel, outputs: channels, from: source, compute: compute)
    conv2 = try Linear(
      prefix + "conv2", inputs: channels * kernel, outputs: channels, from: source,
      compute: compute)
    project = try Linear(
      prefix + "project", inputs: channels * configuration.joined,
      outputs: configuration.mamba.width, from: source, compute: compute)
  }

  func makeState(streams: Int) -> State {
    State(
      first: firstWindows.makeState(streams: streams),
      second: secondWindows.makeState(streams: streams),
      joined: joinedWindows.makeState(streams: streams))
  }

  /// The rows of all streams, one stream after the other, `[streams * n, bins]`.
  func step(_ mel: Matrix, _ state: inout State) -> Matrix {
    var x = conv1(firstWindows.step(mel, &state.first))
    Elementwise.apply(.gelu, to: &x)
    x = conv2(secondWindows.step(x, &state.second))
    Elementwise.apply(.gelu, to: &x)
    return project(joinedWindows.step(x, &state.joined))
  }
}
