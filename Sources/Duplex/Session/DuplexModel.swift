import AudioIO
public import Checkpoints
import Dataflow
public import Kernels
public import SpeechModel
import Tokenization

/// A whole model, loaded: what a session needs of a bundle.
///
/// It is a value: sessions that are made from it begin at the same state and share the weights.
///
/// ```swift
/// let model = try DuplexModel(ModelBundle(path: "my-model"), compute: Compute(threads: 2))
/// ```
public struct DuplexModel: Sendable {
  /// What the bundle's manifest says.
  public let manifest: ModelManifest
  /// Where and how the products run.
  public let compute: Compute
  /// The digest of every file of the bundle, by its name; empty for a model that was not read.
  public let files: [String: String]
  package let encoder: DualStreamEncoder
  package let language: LanguageModel
  package let synthesizer: Synthesizer
  let tokenizer: Tokenizer?
  let stateTokens: StateTokens

  /// Loads every part.
  ///
  /// - Parameters:
  ///   - bundle: The folder.
  ///   - seed: Where the draws of speech tokens start.
  ///   - compute: Where and how the products run; the parts share it, because they take turns.
  /// - Throws: `CheckpointError` that names file, tensor or setting.
  public init(
    _ bundle: ModelBundle, seed: UInt64 = 0, compute: Compute
  ) throws(CheckpointError) {
    manifest = bundle.manifest
    self.compute = compute
    encoder = try bundle.encoder(compute: compute)
    language = try bundle.language(compute: compute)
    synthesizer = try bundle.synthesizer(seed: seed, compute: compute)
    let tokenizer = try bundle.tokenizer()
    self.tokenizer = tokenizer
    let (think, shift) = try bundle.stateTokens()
    stateTokens = StateTokens(
      think: think, shift: shift,
      silent: (0..<language.configuration.vocabularySize).filter {
        $0 != think && $0 != shift && tokenizer?.isSpecial($0) == true
      })
    files = try FileDigests.ofFiles(in: bundle.folder)
  }

  /// One digest for all files.
  public var digest: String {
    var digest = BlockDigest.Builder()
    for (name, value) in files.sorted(by: { $0.key < $1.key }) {
      digest.add(Array("\(name) \(value)\n".utf8))
    }
    return digest.finished().description
  }

  /// The rate of the assistant's voice.
  public var sampleRate: Int { synthesizer.sampleRate }

  /// Why no session can have it: its blocks are not those of the streams; nil where one can.
  var problem: String? {
    let encoder = encoder.configuration
    if encoder.blockSamples != SourceBlock.sampleCount
      || encoder.logMel.sampleRate != SourceBlock.sampleRate
    {
      return "the encoder takes blocks of \(encoder.blockSamples) samples at "
        + "\(encoder.logMel.sampleRate) Hz, expected \(SourceBlock.sampleCount) at "
        + "\(SourceBlock.sampleRate) Hz"
    }
    if !BlockResampler.supports(from: sampleRate, to: SourceBlock.sampleRate) {
      return "80 ms of a voice at \(sampleRate) Hz are no whole samples that can be resampled"
    }
    return nil
  }

  /// The rates of both streams.
  var rates: StreamRates {
    StreamRates(
      environment: StreamRates.rate(ofBlock: encoder.configuration.blockSamples),
      assistant: synthesizer.sampleRate)
  }
}

/// The tokens that are no text.
struct StateTokens: Sendable {
  /// Go on as you are.
  let think: Int
  /// Change between listening and speaking.
  let shift: Int
  /// Special tokens of the vocabulary that are never chosen, such as padding.
  let silent: [Int]

  /// Whether a token is one of the two.
  func contains(_ token: Int) -> Bool { token == think || token == shift }
}
