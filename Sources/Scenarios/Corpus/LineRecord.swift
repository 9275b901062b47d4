import Foundation

/// One line of the corpus of the assistant's voice.
package struct LineRecord: Sendable, Codable, Equatable {
  package var id: String
  package var text: String
  /// The first byte in the shard.
  package var offset: Int
  package var samples: Int
}

extension Shard {
  /// Adds a line and its samples, 16 kHz mono, a quarter of a second of silence around them.
  package mutating func append(line text: String, id: String, samples spoken: [Float])
    throws(ScenarioError)
  {
    let silence = [Float](repeating: 0, count: 2_000)
    let data = PCM.encode(silence + spoken + silence)
    let record = LineRecord(
      id: id, text: text, offset: samples.count, samples: data.count / 2)
    try append(record, data, id: id)
  }
}
