import Checkpoints
import Kernels
import TestSupport
import Testing

struct LoRAMergedSourceTests {
  /// The model that the adapters were made for.
  static let shapes: [String: [Int]] = {
    var shapes = [
      "model.embed_tokens.weight": [48, 32], "model.norm.weight": [32], "lm_head.weight": [48, 32],
    ]
    for layer in 0..<2 {
      let prefix = "model.layers.\(layer)."
      shapes[prefix + "self_attn.q_proj.weight"] = [32, 32]
      shapes[prefix + "self_attn.k_proj.weight"] = [16, 32]
      shapes[prefix + "self_attn.v_proj.weight"] = [16, 32]
      shapes[prefix + "self_attn.o_proj.weight"] = [32, 32]
      shapes[prefix + "mlp.gate_proj.weight"] = [64, 32]
      shapes[prefix + "mlp.up_proj.weight"] = [64, 32]
      shapes[prefix + "mlp.down_proj.weight"] = [32, 64]
    }
    return shapes
  }()

  private let base = FilledTensors(shapes: shapes)

  private func adapter(_ name: String) throws -> LoRAAdapter {
    try LoRAAdapter(folder: golden(name))
  }

  @Test(arguments: [("lora-plain", 6), ("lora-patterns", 14)])
  func `merged weights are those of PEFT`(name: String, count: Int) throws {
    let source = try LoRAMergedSource(base: base, adapters: [adapter(name)])
    let merged = try SafeTensorsFile(path: golden("\(name)/merged.safetensors"))
    #expect(merged.names.count == count)
    for name in source.names {
      let shape = try #require(source.info(name)).shape
      let values = try source.values(name, shape: shape)
      if merged.info(name) != nil {
        #expect(relativeError(values, try merged.values(name, shape: shape)) <= 1e-6, "\(name)")
        #expect(values != (try base.values(name, shape: shape)), "\(name)")
      } else {
        #expect(values == (try base.values(name, shape: shape)), "\(name)")
      }
    }
  }

  /// The model in another number format.
  private struct Converted: TensorSource {
    let base: FilledTensors
    let type: ElementType
    var names: [String] { base.names }

    func info(_ name: String) -> TensorInfo? {
      base.info(name).map { TensorInfo(type: type, shape: $0.shape) }
    }

    func matrix(
      _ name: String, rows: Int, columns: Int
    ) throws(CheckpointError) -> WeightMatrix {
      let values = Dequantization.values(of: try base.matrix(name, rows: rows, columns: columns))
      let storage = WeightStorage(count: type.byteCount(rows: rows, columns: columns) ?? 0) {
        WeightEncoding.encode(values, as: type, into: $0)
      }
      return WeightMatrix(rows: rows, columns: columns, type: type, storage: storage)
    }
  }

  @Test func `a half-precision base is rounded once, as PEFT does`() throws {
    let source = try LoRAMergedSource(
      base: Converted(base: base, type: .bfloat16), adapters: [adapter("lora-bfloat16")])
    let merged = try SafeTensorsFile(path: golden("lora-bfloat16/merged.safetensors"))
    for name in merged.names {
      let info = try #require(source.info(name))
      #expect(info == merged.info(name))
      let found = try source.values(name, shape: info.shape)
      let expected = try merged.values(name, shape: info.shape)
      if name == "model.embed_tokens.weight" {
        // PEFT rounds the update of an embedding before it is added, and the sum again.
        let largest = expected.map { abs($0) }.max() ?? 0
        #expect(largestDifference(found, expected) <= largest * 0x1p-7, "\(name)")
        continue
      }
      // The order of additions may turn a tie: one step of bfloat16, 2^-7 of the value.
      let different = zip(found, expected).filter { $0 != $1 }
      #expect(different.allSatisfy { abs($0 - $1) <= abs($1) * 0x1p-7 }, "\(name)")
      #expect(different.count * 100 <= found.count, "\(name): \(different.count)")
    }
  }

  @Test func `a quantised base becomes Q8_0`() throws {
    let quantised = Converted(base: base, type: .q8_0)
    let source = try LoRAMergedSource(base: quantised, adapters: [adapter("lora-patterns")])
    let merged = try SafeTensorsFile(path: golden("lora-patterns/merged.safetensors"))
    for name in merged.names {
      let shape = try #require(merged.info(name)).shape
      #expect(source.info(name) == TensorInfo(type: .q8_0, shape: shape))
      let expected = try merged.values(name, shape: shape)
      // Two roundings to 127 steps of the largest of a block.
      let largest = expected.map { abs($0) }.max() ?? 0
      let difference = largestDifference(try source.values(name, shape: shape), expected)
      #expect(difference <= 1.5 * largest / 127, "\(name)")
    }
  }

  @Test func `two adapters add up`() throws {
    let patterns = try adapter("lora-patterns")
    let name = "model.layers.1.mlp.down_proj.weight"
    let original = try base.values(name, shape: [32, 64])
    let once = try LoRAMergedSource(base: base, adapters: [patterns]).values(name, shape: [32, 64])
    let twice = try LoRAMergedSource(base: base, adapters: [patterns, patterns])
      .values(name, shape: [32, 64])
    let expected = zip(original, once).map { $0 + 2 * ($1 - $0) }
    #expect(relativeError(twice, expected) < 1e-6)
  }

  @Test func `tensors that the model does not have are named`() throws {
    var fewer = Self.shapes
    fewer["model.layers.1.self_attn.v_proj.weight"] = nil
    do {
      _ = try LoRAMergedSource(
        base: FilledTensors(shapes: fewer), adapters: [adapter("lora-plain")])
      Issue.record("the adapter was taken")
    } catch let error as CheckpointError {
      #expect(
        error.description.hasSuffix(
          "adapter_model.safetensors: the model has no model.layers.1.self_attn.v_proj.weight"))
    }
  }

  @Test func `another shape is refused`() throws {
    var other = Self.shapes
    other["model.layers.1.self_attn.v_proj.weight"] = [32, 32]
    do {
      _ = try LoRAMergedSource(
        base: FilledTensors(shapes: other), adapters: [adapter("lora-plain")])
      Issue.record("the adapter was taken")
    } catch let error as CheckpointError {
      #expect(
        error.description.hasSuffix(
          "model.layers.1.self_attn.v_proj.weight: has shape [16, 32], expected [32, 32]"))
    }
  }
}
