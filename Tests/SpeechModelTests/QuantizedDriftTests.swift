import Checkpoints
import Foundation
import Kernels
import SpeechModel
import TestSupport
import Testing

/// How far quantised weights take a model from the one with full weights, over 600 positions.
@Suite struct QuantizedDriftTests {
  struct Drift {
    /// The mean of Σ p ln(p / q), p from the full model.
    var divergence = 0.0
    /// How much worse the full model's own tokens are foretold: mean ln p - ln q.
    var crossEntropy = 0.0
    /// The share of steps that give the same token.
    var agreement = 0.0
  }

  /// Both models hear the same: two embeddings and the full model's token a step.
  static func drift(_ type: ElementType) throws -> Drift {
    let tiny = try TinyLanguageModel.scaled()
    var full = try tiny.model()
    var quantized = try tiny.model(
      from: QuantizedTensors(tensors: tiny.tensors, type: type))
    // The embeddings that come in are the full model's, so that only the layers differ.
    var stream = GoldenStream()
    var drift = Drift()
    for step in 0..<GoldenStream.steps {
      let x = stream.given.rows(2 * step..<2 * step + 2)
        .appending(full.embeddings(of: [stream.token]))
      let p = logProbabilities(try stream.step(step, &full).logits)
      let output = try quantized.step(x)
      let q = logProbabilities(output.logits)
      drift.divergence += zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
      drift.crossEntropy += p[stream.token] - q[stream.token]
      drift.agreement += greedy(output.logits) == stream.token ? 1 : 0
    }
    let count = Double(GoldenStream.steps)
    return Drift(
      divergence: drift.divergence / count, crossEntropy: drift.crossEntropy / count,
      agreement: drift.agreement / count)
  }

  private static func logProbabilities(_ logits: [Float]) -> [Double] {
    let largest = Double(logits.max() ?? 0)
    let sum = logits.reduce(0) { $0 + exp(Double($1) - largest) }
    return logits.map { Double($0) - largest - log(sum) }
  }

  /// Measured: divergence 7.8e-5, cross-entropy 0.0034, agreement 0.995.
  @Test func `eight bits stay close to full weights`() throws {
    let drift = try Self.drift(.q8_0)
    #expect(drift.divergence < 3e-4)
    #expect(abs(drift.crossEntropy) < 0.01)
    #expect(drift.agreement > 0.97)
  }

  /// Measured: divergence 0.027, cross-entropy 0.042, agreement 0.97.
  @Test func `four bits stay near full weights, and further away than eight`() throws {
    let drift = try Self.drift(.q4_0)
    #expect(drift.divergence > 3e-3 && drift.divergence < 0.06)
    #expect(abs(drift.crossEntropy) < 0.1)
    #expect(drift.agreement > 0.92)
  }
}

/// Tensors whose matrices are rounded to blocks of 32 along the rows, as GGUF files hold them.
private struct QuantizedTensors: TensorSource {
  let tensors: FilledTensors
  let type: ElementType

  var names: [String] { tensors.names }

  func info(_ name: String) -> TensorInfo? {
    tensors.info(name).map { $0.shape.count < 2 ? $0 : TensorInfo(type: type, shape: $0.shape) }
  }

  func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    let full = try tensors.matrix(name, rows: rows, columns: columns)
    guard let shape = tensors.info(name)?.shape, shape.count == 2 else { return full }
    let values = Dequantization.values(of: full)
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: values.count, by: 32) {
      bytes +=
        type == .q8_0 ? Self.q8(values[start..<start + 32]) : Self.q4(values[start..<start + 32])
    }
    let storage = WeightStorage(count: bytes.count) { $0.copyBytes(from: bytes) }
    return WeightMatrix(rows: rows, columns: columns, type: type, storage: storage)
  }

  private static func q8(_ x: ArraySlice<Float>) -> [UInt8] {
    let scale = (x.map { abs($0) }.max() ?? 0) / 127
    return half(scale)
      + x.map { UInt8(bitPattern: Int8(scale == 0 ? 0 : ($0 / scale).rounded())) }
  }

  /// The value of largest magnitude is at -8.
  private static func q4(_ x: ArraySlice<Float>) -> [UInt8] {
    let scale = (x.max { abs($0) < abs($1) } ?? 0) / -8
    let q = x.map { UInt8(scale == 0 ? 8 : min(15, ($0 / scale + 8.5).rounded(.down))) }
    return half(scale) + (0..<16).map { q[$0] | q[16 + $0] << 4 }
  }

  private static func half(_ scale: Float) -> [UInt8] {
    let bits = Float16(scale).bitPattern
    return [UInt8(bits & 255), UInt8(bits >> 8)]
  }
}
