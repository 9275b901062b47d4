import Foundation
import Kernels

/// The tables of a short transform with a periodic Hann window, as matrices.
private struct FourierTables {
  let window: [Double]
  /// `[2 bins, size]`: windowed samples to real parts, then imaginary parts.
  let analysis: WeightMatrix
  /// `[size, 2 bins]`: a spectrum to windowed samples.
  let synthesis: WeightMatrix

  init(size: Int) {
    let bins = size / 2 + 1
    let turn = 2 * Double.pi / Double(size)
    window = (0..<size).map { 0.5 - 0.5 * cos(turn * Double($0)) }
    var forward = [Float](repeating: 0, count: 2 * bins * size)
    var backward = forward
    for bin in 0..<bins {
      // A bin between the first and the last stands for two; those two have no imaginary part.
      let isInner = bin > 0 && bin < size / 2
      let weight = (isInner ? 2.0 : 1.0) / Double(size)
      for n in 0..<size {
        let angle = turn * Double(bin * n % size)
        let (real, imaginary) = (cos(angle) * window[n], -sin(angle) * window[n])
        forward[bin * size + n] = Float(real)
        forward[(bins + bin) * size + n] = Float(imaginary)
        backward[n * 2 * bins + bin] = Float(real * weight)
        backward[n * 2 * bins + bins + bin] = isInner ? Float(imaginary * weight) : 0
      }
    }
    analysis = WeightMatrix(rows: 2 * bins, columns: size, values: forward)
    synthesis = WeightMatrix(rows: size, columns: 2 * bins, values: backward)
  }
}

/// STFT of a stream: centred frames, the signal mirrored at both ends.
///
/// After n samples about (n - size / 2) / hop frames are out; after the end n / hop + 1.
struct StreamingAnalysis: Sendable {
  private let half: Int
  private var convolution: StreamingConvolution
  /// The samples before the first frame; from then on the last `half + 1` ones.
  private var recent: [Float] = []
  private var isFirst = true

  init(_ configuration: VocoderConfiguration, compute: Compute) {
    half = configuration.fourierSize / 2
    convolution = StreamingConvolution(
      tapMajor: FourierTables(size: configuration.fourierSize).analysis, bias: nil, inputs: 1,
      geometry: configuration.fourierGeometry, compute: compute)
  }

  /// Takes samples; gives `[frames, 2 bins]`, real parts first.
  mutating func step(_ samples: [Float], ended: Bool) -> Matrix {
    recent += samples
    var input = samples
    if isFirst {
      guard recent.count > half else { return Matrix(rows: 0, columns: 2 * half + 2) }
      input = recent[1...half].reversed() + recent
      isFirst = false
    }
    recent.removeFirst(max(0, recent.count - half - 1))
    if ended { input += recent.dropLast().reversed() }
    return convolution.step(
      Matrix(rows: input.count, columns: 1, values: input), ended: ended)
  }

  mutating func reset() {
    convolution.reset()
    recent = []
    isFirst = true
  }
}

/// Inverse STFT of a stream: windowed frames overlap and add, divided by the summed squared window
/// and cut by half a window at both ends.
///
/// After n frames `hop * n - size / 2` samples are out; after the end `hop * (n - 1)`.
struct StreamingSynthesis: Sendable {
  private let hop: Int
  private let squaredWindow: [Float]
  private let table: WeightMatrix
  private let compute: Compute
  private var size: Int { squaredWindow.count }
  /// Sums that later frames add to, and those of the squared window.
  private var tail: [Float]
  private var envelope: [Float]
  /// Samples still to be cut at the start.
  private var cut: Int

  init(_ configuration: VocoderConfiguration, compute: Compute) {
    let tables = FourierTables(size: configuration.fourierSize)
    hop = configuration.fourierHop
    squaredWindow = tables.window.map { Float($0 * $0) }
    table = tables.synthesis
    self.compute = compute
    tail = []
    envelope = []
    cut = 0
    reset()
  }

  /// Takes `[frames, 2 bins]`, real parts first; gives samples.
  mutating func step(_ spectrum: Matrix, ended: Bool) -> [Float] {
    let count = spectrum.rows
    var sum = tail + [Float](repeating: 0, count: count * hop)
    var squares = envelope + [Float](repeating: 0, count: count * hop)
    if count > 0 {
      let frames = compute.linear(spectrum, table).values
      for frame in 0..<count {
        for n in 0..<size {
          sum[frame * hop + n] += frames[frame * size + n]
          squares[frame * hop + n] += squaredWindow[n]
        }
      }
    }
    let finished = count * hop + (ended ? size / 2 - hop : 0)
    let start = min(cut, finished)
    let result = (start..<finished).map { sum[$0] / squares[$0] }
    cut -= start
    tail = Array(sum[(count * hop)...])
    envelope = Array(squares[(count * hop)...])
    return result
  }

  mutating func reset() {
    tail = [Float](repeating: 0, count: size - hop)
    envelope = tail
    cut = size / 2
  }
}
