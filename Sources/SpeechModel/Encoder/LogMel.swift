import Foundation
public import Kernels

/// Samples to log-mel frames, 100 a second, whatever the pieces in which the samples come.
///
/// ```swift
/// var logMel = LogMel(.causal)
/// let frames = logMel.step(block)  // 1280 samples give 8 rows of 80
/// ```
/// - Note: Windows are finite, so a sample that is infinite or NaN spoils only the frames whose
///   windows hold it; those have NaN or infinite features. Rejecting such samples is the caller's.
public struct LogMel: StreamingModule {
  /// What is computed.
  public let configuration: LogMelConfiguration
  private let window: [Float]
  private let transform: RealTransform
  private let filters: MelFilters
  /// Samples that later windows need; at the start the zeros of the lead-in.
  private var carried: [Float]

  /// Makes a front end at the start of a stream.
  ///
  /// - Important: Traps where the settings contradict each other.
  public init(_ configuration: LogMelConfiguration = .causal) {
    let fault = configuration.fault
    precondition(fault == nil, fault ?? "")
    self.configuration = configuration
    window = Self.window(configuration)
    transform = RealTransform(length: configuration.transformLength)
    filters = MelFilters(configuration)
    carried = [Float](repeating: 0, count: configuration.leadIn)
  }

  private static func window(_ configuration: LogMelConfiguration) -> [Float] {
    let length = configuration.windowLength
    return (0..<length).map { n in
      switch configuration.window {
      case .hann: Float(0.5 - 0.5 * cos(2 * .pi * Double(n) / Double(length)))
      case .povey:
        Float(pow(0.5 - 0.5 * cos(2 * .pi * Double(n) / Double(max(length - 1, 1))), 0.85))
      }
    }
  }

  /// Forgets the stream: zeros precede the next sample again.
  public mutating func reset() {
    carried = [Float](repeating: 0, count: configuration.leadIn)
  }

  /// Takes samples in [-1, 1] and gives the frames they complete, `[frames, bins]`.
  public mutating func step(_ samples: [Float]) -> Matrix {
    carried += samples
    let (length, hop) = (configuration.windowLength, configuration.hop)
    let frames = carried.count < length ? 0 : (carried.count - length) / hop + 1
    var result = Matrix(rows: frames, columns: configuration.bins)
    for first in stride(from: 0, to: frames, by: 8) {
      fill(&result, first..<min(first + 8, frames))
    }
    carried.removeFirst(frames * hop)
    return result
  }

  /// Computes up to eight frames, each in a lane of its own.
  private func fill(_ result: inout Matrix, _ frames: Range<Int>) {
    let length = configuration.transformLength
    let bins = configuration.bins
    withUnsafeTemporaryAllocation(of: SIMD8<Float>.self, capacity: 3 * length / 2 + 1) { memory in
      memory.initialize(repeating: .zero)
      let input = UnsafeMutableBufferPointer(rebasing: memory[..<length])
      let powers = UnsafeMutableBufferPointer(rebasing: memory[length...])
      input.withMemoryRebound(to: Float.self) { lanes in
        for (lane, frame) in frames.enumerated() { load(frame, lane: lane, of: lanes) }
      }
      transform.powers(of: input, into: powers)
      result.values.withUnsafeMutableBufferPointer { values in
        filters.apply(powers) { bin, energies in
          for (lane, frame) in frames.enumerated() {
            values[frame * bins + bin] = compressed(energies[lane])
          }
        }
      }
    }
  }

  /// Writes one windowed frame into a lane.
  private func load(_ frame: Int, lane: Int, of lanes: UnsafeMutableBufferPointer<Float>) {
    let length = window.count
    carried.withUnsafeBufferPointer { carried in
      window.withUnsafeBufferPointer { window in
        let samples = UnsafeBufferPointer(
          rebasing: carried[frame * configuration.hop..<frame * configuration.hop + length])
        var mean: Float = 0
        if configuration.removesMean {
          for sample in samples { mean += sample }
          mean /= Float(length)
        }
        let emphasis = configuration.preEmphasis
        // Kaldi: the first sample of a window stands for the one before it.
        var before = samples[0] - mean
        for n in 0..<length {
          let sample = samples[n] - mean
          lanes[8 * n + lane] = (sample - emphasis * before) * window[n]
          before = sample
        }
      }
    }
  }

  /// The logarithm with its floor; NaN stays NaN.
  private func compressed(_ energy: Float) -> Float {
    switch configuration.logarithm {
    case .whisper: (log10(energy < 1e-10 ? 1e-10 : energy) + 4) / 4
    case .natural: log(energy < 1.1920929e-7 ? 1.1920929e-7 : energy)
    }
  }
}
