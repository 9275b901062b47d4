import Kernels

/// The part of a block that carries information over time, for some streams at once.
///
/// All rows of all streams go through each projection as one product, so that the weights are
/// read once for both streams of a conversation.
protocol StateSpaceMixer: Sendable {
  /// The state at the start of the streams.
  func makeState(streams: Int) -> MixerState

  /// The rows of all streams, one stream after the other and equally many, `[rows, width]`.
  func step(_ x: Matrix, _ state: inout MixerState) -> Matrix
}

/// What a mixer carries from step to step: its size does not grow with time.
struct MixerState: Sendable {
  let streams: Int
  /// The last `kernel - 1` inputs of the convolution: `[streams, kernel - 1, channels]`.
  var window: [Float]
  /// The recurrent state: `[streams, inner, state]`.
  var scan: [Float]
  /// Whether the last step's outputs were finite; a state never recovers from NaN.
  var isFinite = true

  init(streams: Int, window: Int, scan: Int) {
    self.streams = streams
    self.window = [Float](repeating: 0, count: streams * window)
    self.scan = [Float](repeating: 0, count: streams * scan)
  }

  /// The size in memory.
  var byteCount: Int { 4 * (window.count + scan.count) }
}
