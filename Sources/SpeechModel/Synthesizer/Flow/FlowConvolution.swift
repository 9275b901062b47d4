import Checkpoints
import Kernels

/// A convolution over time of one or more sequences that lie below each other.
///
/// It gives a row for every window of `taps` rows: n rows from n + taps - 1. What lies to the left
/// is carried by the caller, which makes it causal; what lies to the right is given by the caller.
struct FlowConvolution: Sendable {
  /// The rows that one output row sees.
  let taps: Int
  private let inputs: Int
  private let linear: Linear

  /// Takes `name.weight`, `[outputs, inputs, taps]`, and `name.bias`.
  init(
    _ name: String, inputs: Int, outputs: Int, taps: Int, from source: any TensorSource,
    compute: Compute
  ) throws(CheckpointError) {
    self.taps = taps
    self.inputs = inputs
    linear = try Linear(
      name, inputs: inputs * taps, outputs: outputs, from: source, compute: compute)
  }

  /// The rows to the left of a stream's first ones: zeros.
  func leftContext(sequences: Int = 1) -> Matrix {
    Matrix(rows: sequences * (taps - 1), columns: inputs)
  }

  /// Convolves the next rows of each sequence, after the `taps - 1` rows of `context` before them.
  func callAsFunction(_ x: Matrix, context: inout Matrix, sequences: Int = 1) -> Matrix {
    let (rows, left) = (x.rows / sequences, taps - 1)
    precondition(x.rows == rows * sequences && context.rows == left * sequences)
    var padded: [Float] = []
    padded.reserveCapacity(x.values.count + context.values.count)
    var carried: [Float] = []
    carried.reserveCapacity(context.values.count)
    for sequence in 0..<sequences {
      let before = context.values[sequence * left * inputs..<(sequence + 1) * left * inputs]
      padded += before
      padded += x.values[sequence * rows * inputs..<(sequence + 1) * rows * inputs]
      carried += padded[(padded.count - left * inputs)...]
    }
    context.values = carried
    let all = Matrix(rows: sequences * (rows + left), columns: inputs, values: padded)
    return callAsFunction(windowsOf: all, sequences: sequences)
  }

  /// Convolves sequences that have their context already.
  func callAsFunction(windowsOf x: Matrix, sequences: Int = 1) -> Matrix {
    precondition(x.columns == inputs && x.rows % sequences == 0)
    let (inputs, taps) = (inputs, taps)
    let before = x.rows / sequences
    let rows = before - taps + 1
    var windows = Matrix(rows: sequences * rows, columns: inputs * taps)
    x.values.withUnsafeBufferPointer { x in
      windows.values.withUnsafeMutableBufferPointer { windows in
        for sequence in 0..<sequences {
          for row in 0..<rows {
            let to = (sequence * rows + row) * inputs * taps
            for tap in 0..<taps {
              let from = (sequence * before + row + tap) * inputs
              for i in 0..<inputs { windows[to + i * taps + tap] = x[from + i] }
            }
          }
        }
      }
    }
    return linear(windows)
  }
}
