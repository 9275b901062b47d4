import Foundation

/// A bank of triangular filters over the bins of a power spectrum, without the zeros.
struct MelFilters: Sendable {
  /// For each filter the first bin it reads, and where its weights begin and end in `weights`.
  private let filters: [(firstBin: Int, weights: Range<Int>)]
  private let weights: [Float]

  init(_ configuration: LogMelConfiguration) {
    let (corners, axis) = Self.cornersAndAxis(configuration)
    var filters: [(firstBin: Int, weights: Range<Int>)] = []
    var weights: [Float] = []
    for m in 0..<configuration.bins {
      let (left, centre, right) = (corners[m], corners[m + 1], corners[m + 2])
      let gain = configuration.scale == .slaney ? 2 / (right - left) : 1
      let bins = axis.indices.filter { axis[$0] > left && axis[$0] < right }
      let start = weights.count
      for bin in bins {
        let rising = (axis[bin] - left) / (centre - left)
        let falling = (right - axis[bin]) / (right - centre)
        weights.append(Float(min(rising, falling) * gain))
      }
      filters.append((bins.first ?? 0, start..<weights.count))
    }
    (self.filters, self.weights) = (filters, weights)
  }

  /// The corners of the triangles and the frequencies of the bins, both on the axis on which the
  /// triangles are straight: Hz for Slaney's, mel for Kaldi's.
  private static func cornersAndAxis(
    _ configuration: LogMelConfiguration
  ) -> (corners: [Double], axis: [Double]) {
    let (low, high) = (configuration.lowFrequency, configuration.highFrequency)
    let spacing = Double(configuration.sampleRate) / Double(configuration.transformLength)
    let nyquistBin = configuration.transformLength / 2
    let steps = (0..<configuration.bins + 2).map {
      Double($0) / Double(configuration.bins + 1)
    }
    switch configuration.scale {
    case .slaney:
      let (bottom, top) = (slaneyMel(low), slaneyMel(high))
      let corners = steps.map { slaneyFrequency(bottom + (top - bottom) * $0) }
      return (corners, (0...nyquistBin).map { Double($0) * spacing })
    case .kaldi:
      let (bottom, top) = (1127 * log1p(low / 700), 1127 * log1p(high / 700))
      let corners = steps.map { bottom + (top - bottom) * $0 }
      return (corners, (0..<nyquistBin).map { 1127 * log1p(Double($0) * spacing / 700) })
    }
  }

  /// Linear below 1000 Hz (mel 15), logarithmic above: 27 mel for a factor of 6.4.
  private static func slaneyMel(_ frequency: Double) -> Double {
    frequency < 1000 ? 3 * frequency / 200 : 15 + 27 * log(frequency / 1000) / log(6.4)
  }

  private static func slaneyFrequency(_ mel: Double) -> Double {
    mel < 15 ? 200 * mel / 3 : 1000 * exp((mel - 15) * log(6.4) / 27)
  }

  /// Sums the powers under each filter, for eight frames at once.
  func apply(
    _ powers: UnsafeMutableBufferPointer<SIMD8<Float>>, _ body: (Int, SIMD8<Float>) -> Void
  ) {
    weights.withUnsafeBufferPointer { weights in
      for (index, filter) in filters.enumerated() {
        var sum = SIMD8<Float>.zero
        for (offset, position) in filter.weights.enumerated() {
          sum += weights[position] * powers[filter.firstBin + offset]
        }
        body(index, sum)
      }
    }
  }
}
