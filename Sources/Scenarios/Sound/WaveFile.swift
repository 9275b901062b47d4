package import Foundation

/// Mono recordings in WAV files of 16-bit samples: what synthesizers write.
package struct WaveFile: Sendable {
  package let sampleRate: Int
  package let samples: [Float]

  /// Reads a file.
  package init(contentsOf url: URL) throws(ScenarioError) {
    let data: Data
    do { data = try Data(contentsOf: url) } catch {
      throw ScenarioError(.unreadable, url.path, error.localizedDescription)
    }
    try self.init(bytes: [UInt8](data), name: url.lastPathComponent)
  }

  /// Reads the content of a file.
  package init(bytes: [UInt8], name: String) throws(ScenarioError) {
    func number(_ at: Int, _ width: Int) -> Int {
      (0..<width).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
    }
    func isTag(_ tag: String, _ at: Int) -> Bool { Array(tag.utf8) == Array(bytes[at..<at + 4]) }
    guard bytes.count > 44, isTag("RIFF", 0), isTag("WAVE", 8) else {
      throw ScenarioError(.malformed, name, "is no WAV file")
    }
    var (position, rate, isSupported) = (12, 0, false)
    while position + 8 <= bytes.count {
      // A program that writes to a pipe does not know the length and writes a large one.
      let size = min(number(position + 4, 4), bytes.count - position - 8)
      if isTag("fmt ", position), size >= 16 {
        rate = number(position + 12, 4)
        isSupported =
          number(position + 8, 2) == 1 && number(position + 10, 2) == 1
          && number(position + 22, 2) == 16
      } else if isTag("data", position) {
        guard isSupported, rate > 0 else { break }
        sampleRate = rate
        samples = (0..<size / 2).map { index in
          let bits = UInt16(truncatingIfNeeded: number(position + 8 + 2 * index, 2))
          return Float(Int16(bitPattern: bits)) / 32_768
        }
        return
      }
      position += 8 + size + size % 2
    }
    throw ScenarioError(.malformed, name, "is no mono WAV file of 16-bit samples")
  }
}
