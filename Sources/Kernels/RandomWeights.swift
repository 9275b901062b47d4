extension WeightMatrix {
  /// Seeded weights of about unit variance over ``columns``, for measurements and tests.
  ///
  /// Quantised blocks have random integers and sub-block scales, and fixed block scales.
  public static func random(
    rows: Int, columns: Int, type: ElementType, seed: UInt64
  ) -> WeightMatrix {
    guard let count = type.byteCount(rows: rows, columns: columns) else {
      preconditionFailure("\(rows) x \(columns) weights are no whole number of \(type) blocks")
    }
    let size = Float(columns).squareRoot()
    let storage = WeightStorage(count: count) { memory in
      var state = seed
      switch type {
      case .float32:
        for i in 0..<count / 4 {
          memory.storeBytes(of: next(&state).centred / size, toByteOffset: 4 * i, as: Float.self)
        }
      case .float16:
        for i in 0..<count / 2 {
          memory.storeBytes(
            of: Float16(next(&state).centred / size), toByteOffset: 2 * i, as: Float16.self)
        }
      case .bfloat16:
        for i in 0..<count / 2 {
          let bits = (next(&state).centred / size).bitPattern >> 16
          memory.storeBytes(of: UInt16(bits), toByteOffset: 2 * i, as: UInt16.self)
        }
      case .q8_0, .q4_0, .q4_K, .q5_K, .q6_K:
        for i in 0..<count { memory[i] = UInt8(truncatingIfNeeded: next(&state) >> 56) }
        setScales(memory, type: type, size: size)
      }
    }
    return WeightMatrix(rows: rows, columns: columns, type: type, storage: storage)
  }

  private static func setScales(
    _ memory: UnsafeMutableRawBufferPointer, type: ElementType, size: Float
  ) {
    // About the reciprocal of the largest integer times the largest sub-block scale.
    let largest: Float =
      switch type {
      case .q8_0: 127
      case .q4_0: 8
      case .q4_K: 15 * 63
      case .q5_K: 31 * 63
      default: 32 * 127
      }
    let scale = Float16(2 / (largest * size))
    for first in stride(from: 0, to: memory.count, by: type.blockBytes) {
      memory.storeBytes(
        of: scale, toByteOffset: first + (type == .q6_K ? 208 : 0), as: Float16.self)
      if type == .q4_K || type == .q5_K {
        let minimum = Float16(1 / (63 * size))
        memory.storeBytes(of: minimum, toByteOffset: first + 2, as: Float16.self)
      }
    }
  }

  /// SplitMix64.
  private static func next(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

extension UInt64 {
  /// The upper 24 bits as a number of [-1.7, 1.7): variance 1.
  fileprivate var centred: Float { (Float(self >> 40) / Float(1 << 23) - 1) * 1.732 }
}
