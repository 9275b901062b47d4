import Foundation

/// WAV files written byte by byte, so that a test does not trust the writer it tests.
enum WaveBytes {
  /// A header for so many bytes of sound; the code is 1 for integers and 3 for floats.
  static func header(
    code: UInt16, rate: Int, channels: Int, bits: Int, bytes: Int
  ) -> [UInt8] {
    let frame = channels * bits / 8
    return Array("RIFF".utf8) + little(UInt32(36 + bytes)) + Array("WAVEfmt ".utf8)
      + little(UInt32(16)) + little(code) + little(UInt16(channels)) + little(UInt32(rate))
      + little(UInt32(rate * frame)) + little(UInt16(frame)) + little(UInt16(bits))
      + Array("data".utf8) + little(UInt32(bytes))
  }

  static func write(_ samples: [Int16], rate: Int, channels: Int, to path: String) throws {
    let head = header(
      code: 1, rate: rate, channels: channels, bits: 16, bytes: samples.count * 2)
    try Data(head + samples.flatMap { little($0) }).write(to: URL(filePath: path))
  }

  static func write(_ samples: [Float], rate: Int, to path: String) throws {
    let head = header(code: 3, rate: rate, channels: 1, bits: 32, bytes: samples.count * 4)
    let body = samples.flatMap { little($0.bitPattern) }
    try Data(head + body).write(to: URL(filePath: path))
  }

  private static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }
}
