/// The number format of stored weights.
///
/// The quantised formats are the block formats of GGUF v3: a block of ``blockElements``
/// neighbouring weights of a row is stored in ``blockBytes`` bytes.
public enum ElementType: String, CaseIterable, Sendable {
  /// IEEE 754 single precision.
  case float32 = "F32"
  /// IEEE 754 half precision.
  case float16 = "F16"
  /// The upper half of a single-precision number.
  case bfloat16 = "BF16"
  /// 32 signed bytes and one half-precision scale.
  case q8_0 = "Q8_0"
  /// 32 four-bit numbers and one half-precision scale.
  case q4_0 = "Q4_0"
  /// 256 four-bit numbers in eight sub-blocks with six-bit scales and minima.
  case q4_K = "Q4_K"
  /// 256 five-bit numbers in eight sub-blocks with six-bit scales and minima.
  case q5_K = "Q5_K"
  /// 256 six-bit numbers in sixteen sub-blocks with eight-bit scales.
  case q6_K = "Q6_K"

  /// The number of weights in one block; 1 for the plain formats.
  public var blockElements: Int {
    switch self {
    case .float32, .float16, .bfloat16: 1
    case .q8_0, .q4_0: 32
    case .q4_K, .q5_K, .q6_K: 256
    }
  }

  /// The number of bytes that one block takes.
  public var blockBytes: Int {
    switch self {
    case .float32: 4
    case .float16, .bfloat16: 2
    case .q8_0: 34
    case .q4_0: 18
    case .q4_K: 144
    case .q5_K: 176
    case .q6_K: 210
    }
  }

  /// The bytes of one row of `columns` weights, or nil where the row is not a whole number of
  /// blocks or the size overflows.
  public func rowBytes(columns: Int) -> Int? {
    guard columns >= 0, columns % blockElements == 0 else { return nil }
    let (bytes, overflow) = (columns / blockElements).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : bytes
  }

  /// The bytes of a `rows` x `columns` matrix, or nil where ``rowBytes(columns:)`` has none or
  /// the size overflows.
  public func byteCount(rows: Int, columns: Int) -> Int? {
    guard rows >= 0, let row = rowBytes(columns: columns) else { return nil }
    let (bytes, overflow) = row.multipliedReportingOverflow(by: rows)
    return overflow ? nil : bytes
  }
}
