import Checkpoints
import Foundation
import Kernels

/// The vocoder as one exact stream: samples come out when all frames they depend on are there.
struct VocoderNetwork: Sendable {
  private let configuration: VocoderConfiguration
  private var pitch: PitchPredictor
  private var source: HarmonicSource
  private var analysis: StreamingAnalysis
  private var pre: StreamingConvolution
  private var stages: [UpsamplingStage]
  private var post: StreamingConvolution
  private var synthesis: StreamingSynthesis

  /// Frames that go through at a time, to bound the memory of a long piece.
  private static let slice = 32

  init(
    _ configuration: VocoderConfiguration, noiseSeed: UInt64?, from weights: VocoderWeights
  ) throws(CheckpointError) {
    self.configuration = configuration
    pitch = try PitchPredictor(configuration, from: weights)
    source = try HarmonicSource(configuration, noiseSeed: noiseSeed, from: weights)
    analysis = StreamingAnalysis(configuration, compute: weights.compute)
    pre = try StreamingConvolution(
      "conv_pre", inputs: configuration.melBins, outputs: configuration.baseChannels,
      geometry: configuration.preGeometry, from: weights)
    stages = []
    for stage in configuration.upsampleRates.indices {
      stages.append(try UpsamplingStage(configuration, stage: stage, from: weights))
    }
    post = try StreamingConvolution(
      "conv_post",
      inputs: configuration.channels(afterStage: configuration.upsampleRates.count - 1),
      outputs: 2 * configuration.bins,
      geometry: configuration.geometry(kernel: configuration.postKernel), from: weights)
    synthesis = StreamingSynthesis(configuration, compute: weights.compute)
  }

  /// Takes the next frames; at the end gives all samples that remain.
  mutating func step(_ mel: Matrix, ended: Bool) -> [Float] {
    var samples: [Float] = []
    var start = 0
    repeat {
      let end = min(start + Self.slice, mel.rows)
      let isLast = ended && end == mel.rows
      let slice = mel.rows(start..<end)
      let excitation = excitation(slice, ended: isLast).samples
      samples += filter(slice, source: excitation, ended: isLast)
      start = end
    } while start < mel.rows
    return samples
  }

  /// Pitch and source samples.
  mutating func excitation(
    _ mel: Matrix, ended: Bool
  ) -> (pitch: [Float], samples: [Float]) {
    let hertz = pitch.step(mel, ended: ended)
    return (hertz, source.step(hertz, ended: ended))
  }

  /// Filters source samples by mel frames.
  mutating func filter(_ mel: Matrix, source: [Float], ended: Bool) -> [Float] {
    let spectrum = analysis.step(source, ended: ended)
    var x = pre.step(mel, ended: ended)
    for index in stages.indices {
      x = stages[index].step(x, spectrum: spectrum, ended: ended)
    }
    Elementwise.apply(.leakyReLU(slope: configuration.lastSlope), to: &x)
    x = post.step(x, ended: ended)
    toSpectrum(&x)
    let limit = configuration.audioLimit
    return synthesis.step(x, ended: ended).map { min(max($0, -limit), limit) }
  }

  /// Logarithms of magnitudes and arcs of phases to real and imaginary parts, in place.
  private func toSpectrum(_ x: inout Matrix) {
    let bins = configuration.bins
    for row in 0..<x.rows {
      for bin in row * 2 * bins..<(row * 2 + 1) * bins {
        let magnitude = min(exp(x.values[bin]), configuration.magnitudeLimit)
        let phase = sin(x.values[bin + bins])
        x.values[bin] = magnitude * cos(phase)
        x.values[bin + bins] = magnitude * sin(phase)
      }
    }
  }

  mutating func reset() {
    pitch.reset()
    source.reset()
    analysis.reset()
    pre.reset()
    for index in stages.indices { stages[index].reset() }
    post.reset()
    synthesis.reset()
  }
}
