package import Checkpoints
package import Kernels

/// Weights made from their names alone, so that a test builds a module without a file.
///
/// The rule: c = CRC-32 of the name, k = flat index, h = 2654435761 k + c, then the 32-bit
/// finaliser of MurmurHash3, v = h / 2^31 - 1. Gains (`original0`, norms) are 1 + 0.1 v, matrices
/// v sqrt(3 dim0 / count), biases 0.1 v. `Tools/train/salmonn_omni/goldens/fill.py` does the same.
package struct FilledTensors: TensorSource {
  private let shapes: [String: [Int]]
  private let overrides: [String: [Float]]

  /// Declares the tensors there are; `overrides` replaces the rule's values for some.
  package init(shapes: [String: [Int]], overrides: [String: [Float]] = [:]) {
    self.shapes = shapes
    self.overrides = overrides
  }

  package var names: [String] { shapes.keys.sorted() }

  package func info(_ name: String) -> TensorInfo? {
    shapes[name].map { TensorInfo(type: .float32, shape: $0) }
  }

  package func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    guard let shape = shapes[name], shape.reduce(1, *) == rows * columns else {
      throw CheckpointError(
        .mismatch, subject: name,
        reason: "is declared as \(shapes[name] ?? []), expected \([rows, columns])")
    }
    return WeightMatrix(
      rows: rows, columns: columns,
      values: overrides[name] ?? Self.values(name: name, shape: shape))
  }

  /// The rule's values for a tensor.
  package static func values(name: String, shape: [Int]) -> [Float] {
    let count = shape.reduce(1, *)
    if name.hasSuffix("original0") { return fill(name, count) { Float(1 + 0.1 * $0) } }
    if shape.count >= 2 {
      let scale = (3 * Double(shape[0]) / Double(count)).squareRoot()
      return fill(name, count) { Float($0 * scale) }
    }
    if name.hasSuffix("bias") { return fill(name, count) { Float(0.1 * $0) } }
    return fill(name, count) { Float(1 + 0.1 * $0) }
  }

  /// The plain values v in [-1, 1) that belong to a name: test inputs.
  package static func plainValues(name: String, count: Int) -> [Double] {
    fill(name, count) { $0 }
  }

  /// Writes a function of the plain values straight to memory: models of full size have 1e8.
  @inline(__always)
  private static func fill<Value>(
    _ name: String, _ count: Int, _ value: (Double) -> Value
  ) -> [Value] {
    let crc = crc32(Array(name.utf8))
    return [Value](unsafeUninitializedCapacity: count) { values, initialized in
      for index in 0..<count {
        var h = 2_654_435_761 &* UInt32(truncatingIfNeeded: index) &+ crc
        h ^= h >> 16
        h = h &* 0x85EB_CA6B
        h ^= h >> 13
        h = h &* 0xC2B2_AE35
        h ^= h >> 16
        values.initializeElement(at: index, to: value(Double(h) / 2_147_483_648 - 1))
      }
      initialized = count
    }
  }

  /// CRC-32 as in zlib (IEEE 802.3, reflected).
  package static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}
