/// Safetensors files as bytes, right or wrong.
enum SafeTensorsBytes {
  static func file(_ header: String, dataCount: Int = 0, size: UInt64? = nil) -> [UInt8] {
    file(header, data: (0..<dataCount).map { UInt8(truncatingIfNeeded: $0 * 5 + 1) }, size: size)
  }

  static func file(_ header: String, data: [UInt8], size: UInt64? = nil) -> [UInt8] {
    let size = size ?? UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) } + Array(header.utf8) + data
  }
}
