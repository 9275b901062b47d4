package import Foundation

/// Utterances that were spoken once, to be mixed into many conversations.
package struct VoiceBank: Sendable {
  /// What a bank's folder says of itself.
  package struct Header: Sendable, Codable {
    package var format = "salmonn-omni voice bank"
    package var version = 1
    package var split: Split
    package var seed: UInt64
    package var sampleRate = 16_000
    package var count: Int
  }

  package let split: Split
  package let utterances: [Utterance]
  /// Little-endian 16-bit samples, and the sample that each part begins with.
  private let parts: [(first: Int, samples: Data)]

  /// A bank in memory.
  package init(split: Split, utterances: [Utterance], samples: Data) {
    self.split = split
    self.utterances = utterances
    parts = [(0, samples)]
  }

  /// Several banks of one split as one.
  package init(joining banks: [VoiceBank]) throws(ScenarioError) {
    guard let split = banks.first?.split, banks.allSatisfy({ $0.split == split }) else {
      throw ScenarioError(.malformed, "banks", "name at least one, and banks of one split only")
    }
    var utterances: [Utterance] = []
    var parts: [(first: Int, samples: Data)] = []
    var first = 0
    for bank in banks {
      let before = utterances.count
      utterances += bank.utterances.map { utterance in
        var moved = utterance
        moved.offset += first
        moved.after = utterance.after.map { $0 + before }
        return moved
      }
      parts += bank.parts.map { (first + $0.first, $0.samples) }
      first += bank.parts.reduce(0) { $0 + $1.samples.count / 2 }
    }
    self.split = split
    self.utterances = utterances
    self.parts = parts
  }

  /// Opens a bank's folder; its samples are mapped, not read.
  package init(folder: URL) throws(ScenarioError) {
    do {
      let decoder = JSONDecoder()
      let header = try decoder.decode(
        Header.self, from: Data(contentsOf: folder.appending(path: "bank.json")))
      let lines = try Data(contentsOf: folder.appending(path: "utterances.jsonl"))
      let utterances = try lines.split(separator: UInt8(ascii: "\n")).map {
        try decoder.decode(Utterance.self, from: $0)
      }
      let samples = try Data(
        contentsOf: folder.appending(path: "samples.pcm"), options: .alwaysMapped)
      self.init(split: header.split, utterances: utterances, samples: samples)
    } catch {
      throw ScenarioError(
        .unreadable, folder.path, "is no voice bank; make one with make-corpus voices: \(error)")
    }
    guard let last = utterances.last,
      2 * (last.offset + last.count) <= (parts.last?.samples.count ?? 0)
    else {
      throw ScenarioError(.malformed, folder.path, "samples are missing; make the bank again")
    }
  }

  /// The samples of an utterance, from -1 to 1.
  package func samples(of utterance: Utterance) -> [Float] {
    guard let part = parts.last(where: { $0.first <= utterance.offset }) else { return [] }
    return PCM.decode(
      part.samples, from: 2 * (utterance.offset - part.first), count: utterance.count)
  }

  /// Speaks a list of utterances; those that give no sound are left out, with what follows them.
  package static func make(
    split: Split, _ lines: [VoiceBankPlan.Line], voice: some SpeechSynthesizing
  ) throws(ScenarioError) -> VoiceBank {
    let spoken = try voice.speak(lines.map(\.request))
    var assembly = VoiceBankAssembly()
    for (line, samples) in zip(lines, spoken) {
      assembly.append(line.utterance, samples: samples)
    }
    return VoiceBank(split: split, utterances: assembly.utterances, samples: assembly.samples)
  }
}

/// Utterances and their samples as they come, with the references between them kept right.
package struct VoiceBankAssembly: Sendable {
  package private(set) var utterances: [Utterance] = []
  package private(set) var samples = Data()
  private var places: [Int?] = []
  private var written = 0

  /// An empty one.
  package init() {}

  /// Adds the next requested utterance.
  ///
  /// ``Utterance/after`` counts requests, also silent ones.
  package mutating func append(_ utterance: Utterance, samples spoken: [Float]) {
    var utterance = utterance
    var isWhole = spoken.count >= 2 * VoiceLevel.window
    if let after = utterance.after {
      utterance.after = places[after]
      isWhole = isWhole && utterance.after != nil
    }
    guard isWhole else { return places.append(nil) }
    utterance.offset = written
    utterance.count = spoken.count
    written += spoken.count
    samples.append(PCM.encode(spoken))
    places.append(utterances.count)
    utterances.append(utterance)
  }

  /// Hands over the samples that came since the last time.
  package mutating func takeSamples() -> Data {
    defer { samples = Data() }
    return samples
  }
}

/// Samples as files hold them: 16 bits, little-endian.
package enum PCM {
  /// Encodes samples from -1 to 1; what is beyond is clipped.
  package static func encode(_ samples: [Float]) -> Data {
    var data = Data(count: 2 * samples.count)
    data.withUnsafeMutableBytes { bytes in
      for (index, sample) in samples.enumerated() {
        let value = Int16((max(-1, min(1, sample)) * 32_767).rounded())
        bytes.storeBytes(of: value.littleEndian, toByteOffset: 2 * index, as: Int16.self)
      }
    }
    return data
  }

  /// Decodes so many samples from a byte on, from -1 to 1.
  static func decode(_ data: Data, from start: Int, count: Int) -> [Float] {
    data.withUnsafeBytes { bytes in
      (0..<count).map { index in
        let bits = bytes.loadUnaligned(fromByteOffset: start + 2 * index, as: Int16.self)
        return Float(Int16(littleEndian: bits)) / 32_768
      }
    }
  }
}
