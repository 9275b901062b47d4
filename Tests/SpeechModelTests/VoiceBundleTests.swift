import Checkpoints
import Foundation
import Kernels
import SpeechModel
import TestSupport
import Testing

/// A trained synthesizer against what it was in training: `OMNI_VOICE_BUNDLE` names a bundle, in
/// which `python -m salmonn_omni.voice.export --example` has put `example.safetensors`.
struct VoiceBundleTests {
  private static let folder: String? = {
    let path = ProcessInfo.processInfo.environment["OMNI_VOICE_BUNDLE"] ?? ""
    return path.isEmpty ? nil : path
  }()

  @Test(.enabled(if: folder != nil))
  func `a trained bundle says what it said in training`() throws {
    let folder = try #require(Self.folder)
    let bundle = try ModelBundle(path: folder)
    let section = bundle.manifest.synthesizer
    let example = try SafeTensorsFile(path: "\(folder)/example.safetensors")
    func matrix(_ name: String) throws -> Matrix {
      let shape = try #require(example.info(name)?.shape)
      return Matrix(
        rows: shape[0], columns: shape[1], values: try example.values(name, shape: shape))
    }
    let compute = Compute(threads: 1)
    let tensors = try bundle.source(section.weights, setting: "synthesizer.weights")
    let configuration = try bundle.speechTokenConfiguration()
    let hidden = try matrix("hidden")
    let connector = try HiddenConnector(
      inputs: hidden.columns, inner: section.connectorWidth,
      outputs: configuration.transformer.hiddenSize,
      vocabulary: try bundle.languageFiles().configuration.vocabularySize, from: tensors,
      prefix: "connector.", compute: compute)
    var tokens = try SpeechTokenModel(
      configuration: configuration, from: tensors, prefix: section.tokensPrefix,
      capacity: section.capacity, sampling: .greedy, compute: compute)
    let speech = tokens.step(
      connector(hidden, tokens: try example.integers("text")), textEnded: true)
    let codes = try example.integers("codes")
    #expect(speech.tokens == codes)

    var flow = try FlowDecoder(
      section.flowConfiguration, from: try bundle.source(section.flow, setting: "synthesizer.flow"),
      prompt: try bundle.voice(), compute: compute)
    var mel = Matrix(rows: 0, columns: section.flowConfiguration.melBins)
    for code in codes { mel = mel.appending(flow.step([code], ended: false)) }
    mel = mel.appending(flow.step([], ended: true))
    let wanted = try matrix("mel")
    #expect(largestDifference(mel.values, wanted.values) < 1e-3)

    var vocoder = try Vocoder(
      section.vocoderConfiguration,
      from: try bundle.source(section.vocoder, setting: "synthesizer.vocoder"), noiseSeed: nil,
      compute: compute)
    let source = try example.vector("source", count: wanted.rows * vocoder.configuration.hop)
    let samples = try example.vector("samples", count: source.count)
    #expect(largestDifference(vocoder.filter(wanted, source: source), samples) < 1e-3)
    #expect(largestDifference(vocoder.excitation(wanted).samples, source) < 1e-2)
    // Frame by frame and with its own source, which drifts by rounding alone.
    var stream: [Float] = []
    for row in 0..<wanted.rows { stream += vocoder.step(wanted.rows(row..<row + 1)) }
    stream += vocoder.step(Matrix(rows: 0, columns: wanted.columns), ended: true)
    #expect(relativeError(stream, samples) < 0.02)
  }
}
