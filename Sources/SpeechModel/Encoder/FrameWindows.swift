import Kernels

/// Cuts the frames of several streams into overlapping windows, with nothing ahead.
///
/// The streams' frames lie one stream after the other and are equally many. `size - stride` zero
/// frames precede each stream, so window j ends with frame `stride * (j + 1) - 1`; frames that do
/// not fill a window wait for the next step.
struct FrameWindows: Sendable {
  /// How a window becomes one row.
  enum Order: Sendable {
    /// All taps of channel 0, then of channel 1: the layout of convolution weights.
    case channelMajor
    /// All channels of the first frame, then of the second: neighbours joined.
    case frameMajor
  }

  /// Frames that later windows need, stream after stream.
  struct State: Sendable {
    let streams: Int
    var carried: Matrix
  }

  let size: Int
  let stride: Int
  let channels: Int
  let order: Order

  func makeState(streams: Int) -> State {
    State(streams: streams, carried: Matrix(rows: streams * (size - stride), columns: channels))
  }

  /// The windows that the frames complete, one per row, stream after stream.
  func step(_ x: Matrix, _ state: inout State) -> Matrix {
    precondition(x.columns == channels && x.rows.isMultiple(of: state.streams))
    let (old, new) = (state.carried.rows / state.streams, x.rows / state.streams)
    let total = old + new
    let count = total < size ? 0 : (total - size) / stride + 1
    let left = total - count * stride
    var windows = Matrix(rows: state.streams * count, columns: size * channels)
    var carried = Matrix(rows: state.streams * left, columns: channels)
    for stream in 0..<state.streams {
      let joined = state.carried.rows(stream * old..<(stream + 1) * old).appending(
        x.rows(stream * new..<(stream + 1) * new))
      for window in 0..<count {
        write(joined, window * stride, into: &windows, row: stream * count + window)
      }
      for row in 0..<left {
        let target = (stream * left + row) * channels
        carried.values.replaceSubrange(
          target..<target + channels, with: joined.row(count * stride + row))
      }
    }
    state.carried = carried
    return windows
  }

  private func write(_ frames: Matrix, _ first: Int, into windows: inout Matrix, row: Int) {
    let (size, channels) = (size, channels)
    frames.values.withUnsafeBufferPointer { source in
      windows.values.withUnsafeMutableBufferPointer { target in
        for tap in 0..<size {
          let from = (first + tap) * channels
          let to = row * size * channels
          switch order {
          case .channelMajor:
            for channel in 0..<channels {
              target[to + channel * size + tap] = source[from + channel]
            }
          case .frameMajor:
            for channel in 0..<channels {
              target[to + tap * channels + channel] = source[from + channel]
            }
          }
        }
      }
    }
  }
}
