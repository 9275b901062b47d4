import Checkpoints
import Kernels
import SpeechModel
import TestSupport
import Testing

struct VocoderQuantizationTests {
  /// Folded weights of which the convolutions are stored in eight bits where their rows allow it.
  private struct EightBitTensors: TensorSource {
    let base: FilledTensors

    var names: [String] { base.names }

    func info(_ name: String) -> TensorInfo? {
      guard let info = base.info(name), info.shape.count == 3,
        info.shape[1...].reduce(1, *) % 32 == 0
      else { return base.info(name) }
      return TensorInfo(type: .q8_0, shape: info.shape)
    }

    func matrix(_ name: String, rows: Int, columns: Int) throws(CheckpointError) -> WeightMatrix {
      let plain = try base.matrix(name, rows: rows, columns: columns)
      guard info(name)?.type == .q8_0 else { return plain }
      var bytes: [UInt8] = []
      let values = Dequantization.values(of: plain)
      for start in stride(from: 0, to: values.count, by: 32) {
        let block = values[start..<start + 32]
        let scale = Float16((block.map(abs).max() ?? 0) / 127)
        withUnsafeBytes(of: scale.bitPattern) { bytes += $0 }
        bytes += block.map { value in
          let whole = (value / Float(scale)).rounded()
          return UInt8(bitPattern: Int8(max(-127, min(127, whole))))
        }
      }
      let storage = WeightStorage(count: bytes.count) { memory in
        bytes.withUnsafeBytes { memory.copyMemory(from: $0) }
      }
      return WeightMatrix(rows: rows, columns: columns, type: .q8_0, storage: storage)
    }
  }

  @Test(arguments: [VocoderConfiguration.Form.symmetric, .causal])
  func `eight-bit weights keep the pitch, and the samples to a few hundredths`(
    form: VocoderConfiguration.Form
  ) throws {
    var sizes = VocoderFixtures.tiny(form)
    (sizes.melBins, sizes.baseChannels, sizes.pitchChannels) = (32, 128, 32)
    let tensors = VocoderFixtures.tensors(sizes, naming: .folded)
    let eightBit = EightBitTensors(base: tensors)
    #expect(eightBit.info("resblocks.0.convs1.0.weight")?.type == .q8_0)
    let plain = try Vocoder(sizes, from: tensors, noiseSeed: nil, compute: Compute())
    // As in a bundle: stored in eight bits, computed in single precision.
    var quantized = try Vocoder(
      sizes, from: ExpandedSource(eightBit), noiseSeed: nil, compute: Compute())
    let mel = VocoderFixtures.mel("quantized", frames: 12, bins: 32)

    let (pitch, source) = plain.excitation(mel)
    let drift = zip(quantized.excitation(mel).pitch, pitch).map { $0 - $1 }
    #expect(rms(drift) > 0 && rms(drift) < 0.001 * rms(pitch))
    let expected = plain.filter(mel, source: source)
    let error = zip(quantized.filter(mel, source: source), expected).map { $0 - $1 }
    // Measured 0.027 and 0.041: 0.4 % a layer, and the way through the network has forty layers.
    #expect(rms(error) > 0 && rms(error) < 0.06 * rms(expected))

    let outputs = VocoderFixtures.stream(&quantized, mel, pieces: [4])
    #expect(outputs.reduce(0) { $0 + $1.count } == 12 * 480)
  }
}
