public import Checkpoints
import Foundation
public import Kernels

/// HiFT vocoder: mel frames, 80 bins at 50 Hz, to samples at 24 kHz, as a stream.
///
/// Li et al., "HiFTNet" (2023): a harmonic source made from the predicted pitch is filtered by
/// convolutions at rising rates, which end in the spectra of an inverse STFT. Weights by the names
/// of CosyVoice2's `hift.pt`.
///
/// All parts carry what they need from one step to the next, so that nothing is computed twice, and
/// any cut of the frames gives the same samples. The exception is the symmetric form with less
/// look-ahead than its receptive field: there each step also computes what the samples would be if
/// the sequence ended here, puts out all but the last `lookahead` frames of them, and fades over
/// to the better informed samples of the next step.
public struct Vocoder: StreamingModule {
  /// The sizes.
  public let configuration: VocoderConfiguration
  /// Samples by which the output is behind the mel frames, see ``VocoderConfiguration/delay``.
  public let delay: Int
  private var network: VocoderNetwork
  private var joints: JointFade?
  private var frames = 0

  /// Takes the weights from a source.
  ///
  /// - Parameters:
  ///   - configuration: The sizes.
  ///   - source: Tensors by their public names, weight normalisation folded or not.
  ///   - prefix: What stands before the names; a further `generator.` is found by itself.
  ///   - noiseSeed: Seed of the source's noise, which repeats for every sequence; nil for none.
  ///   - compute: Where products run.
  /// - Throws: `CheckpointError` that names the size or tensor at fault.
  public init(
    _ configuration: VocoderConfiguration, from source: any TensorSource, prefix: String = "",
    noiseSeed: UInt64? = 0, compute: Compute
  ) throws(CheckpointError) {
    try configuration.validate()
    self.configuration = configuration
    delay = configuration.delay
    network = try VocoderNetwork(
      configuration, noiseSeed: noiseSeed,
      from: VocoderWeights(source: source, prefix: prefix, compute: compute))
    if let lookahead = configuration.lookahead, delay < configuration.receptiveDelay {
      // Only there do both sides of a joint have the same pitch, and so the same phase.
      let pitchContext = (0..<configuration.pitchLayers)
        .reduce(0) { $0 + configuration.pitchGeometry(layer: $1).right }
      joints = JointFade(samples: max(1, lookahead - pitchContext) * configuration.hop)
    }
  }

  /// Takes the next mel frames, `[frames, melBins]`; gives the samples that are ready.
  public mutating func step(_ mel: Matrix) -> [Float] { step(mel, ended: false) }

  /// Takes the next mel frames, `[frames, melBins]`, any number of them; gives the samples that
  /// are ready.
  ///
  /// With `ended` all samples that remain come out, `hop` for every frame since the start in all,
  /// and the next step starts another sequence.
  public mutating func step(_ mel: Matrix, ended: Bool) -> [Float] {
    precondition(mel.columns == configuration.melBins)
    frames += mel.rows
    guard frames > 0 else { return [] }
    defer { if ended { reset() } }
    let exact = network.step(mel, ended: ended)
    guard joints != nil else { return exact }
    let ready = frames * configuration.hop - (ended ? 0 : delay)
    guard ended || (mel.rows > 0 && ready > 0) else { return [] }
    let future = ended ? [] : ahead()
    return joints?.step(exact: exact, ahead: future, until: ready) ?? []
  }

  /// What would still come if the sequence ended here.
  private func ahead() -> [Float] {
    var copy = network
    return copy.step(Matrix(rows: 0, columns: configuration.melBins), ended: true)
  }

  /// Forgets the sequence.
  public mutating func reset() {
    network.reset()
    joints?.reset()
    frames = 0
  }

  /// Pitch in hertz and source samples of a whole sequence.
  package func excitation(_ mel: Matrix) -> (pitch: [Float], samples: [Float]) {
    var copy = network
    copy.reset()
    return copy.excitation(mel, ended: true)
  }

  /// Samples of a whole sequence for given source samples.
  package func filter(_ mel: Matrix, source: [Float]) -> [Float] {
    var copy = network
    copy.reset()
    return copy.filter(mel, source: source, ended: true)
  }
}
