import Kernels

/// The number formats that a GGUF file may name, by their numbers, with their block sizes.
struct GGMLType: Sendable {
  let name: String
  let blockElements: Int
  let blockBytes: Int

  /// The format as weights, for those that can be used as such.
  var elementType: ElementType? { ElementType(rawValue: name) }

  /// The format of a number; nil where the number is not known.
  init?(_ id: UInt32) {
    guard let row = Self.table[id] else { return nil }
    (name, blockElements, blockBytes) = row
  }

  /// The number of a format.
  static func id(of type: ElementType) -> UInt32 {
    switch type {
    case .float32: 0
    case .float16: 1
    case .q4_0: 2
    case .q8_0: 8
    case .q4_K: 12
    case .q5_K: 13
    case .q6_K: 14
    case .bfloat16: 30
    }
  }

  private static let table: [UInt32: (String, Int, Int)] = [
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2),
    26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
  ]

  /// The bytes of a tensor with sizes outermost first; nil where a row is no whole number of blocks
  /// or the size overflows.
  func byteCount(shape: [Int]) -> Int? {
    guard let count = checkedProduct(shape), (shape.last ?? 1) % blockElements == 0 else {
      return nil
    }
    let (bytes, overflow) = (count / blockElements).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : bytes
  }
}
