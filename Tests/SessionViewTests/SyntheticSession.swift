import Dataflow
import Foundation
import SessionView

/// A made-up conversation with everything that a session records, by a seed.
struct SyntheticSession {
  static let think = 1
  static let shift = 2

  /// One question and its answer.
  struct Exchange {
    /// When the user begins, in seconds, and for how long they speak.
    var start: Double
    var length: Double
    var answer: String
    /// How long after the answer's first sound the user interrupts.
    var bargeIn: Double?
  }

  var journal: Journal
  var environment: [Float]
  var assistant: [Float]

  static let configuration = JSONValue.object([
    "thinkToken": .integer(think), "shiftToken": .integer(shift),
  ])

  static func header(seeds: [String: UInt64] = ["language": 7, "flow": 11]) -> JournalHeader {
    JournalHeader(
      seeds: seeds, configuration: configuration, modelDigest: "9f3a5c17e20b44d8",
      kernels: "OpenBLAS 0.3.21 NO_AFFINITY", core: "Zen", threads: 2)
  }

  /// Writes a journal and reads it back.
  static func journal(_ events: [JournalEvent], torn: Bool = false) throws -> Journal {
    let folder = try Scratch()
    var writer = try JournalWriter(path: folder.file("journal.jsonl"), header: header())
    for event in events { try writer.append(event) }
    var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.file("journal.jsonl"))))
    if torn { bytes += Array("{\"event\":\"blo".utf8) }
    return try Journal(contents: bytes, path: "journal.jsonl")
  }

  /// Plays the exchanges through a rough model of the runtime.
  init(
    seconds: Double, exchanges: [Exchange], events: [JournalEvent] = [], slow: Range<Int> = 0..<0,
    seed: UInt64 = 1, torn: Bool = false, ended: Bool = true
  ) throws {
    var random = Noise(state: seed)
    let blockCount = Int((seconds / 0.08).rounded(.up))
    environment = (0..<blockCount * 1_280).map { _ in 0.004 * random.next() }
    assistant = Array(repeating: 0, count: blockCount * 1_920)
    var events = events
    var records = (0..<blockCount).map { block in
      Self.record(block, slow: slow.contains(block), &random)
    }
    for exchange in exchanges {
      Self.speech(&environment, 16_000, exchange.start, exchange.length, 0.25, &random)
      let begin = Int(((exchange.start + exchange.length) / 0.08).rounded(.up)) + 3
      let words = exchange.answer.split(separator: " ").map {
        $0.first.map { ".,".contains($0) } == true ? "\($0)" : " \($0)"
      }
      let soundStart = begin + 4
      var end = soundStart + Int(Double(words.count) * 1.5)
      var pending = 0
      if let bargeIn = exchange.bargeIn {
        let stop = soundStart + Int(bargeIn / 0.08)
        Self.speech(&environment, 16_000, Double(stop) * 0.08 - 0.5, 0.9, 0.3, &random)
        if stop < end { (pending, end) = (end - stop, stop) }
      }
      guard end < blockCount else { continue }
      Self.speech(
        &assistant, 24_000, Double(soundStart) * 0.08, Double(end - soundStart) * 0.08, 0.5, &random
      )
      for block in begin..<end { records[block].state = .speaking }
      for (index, word) in words.enumerated() where begin + index < end {
        let block = begin + index
        (records[block].token, records[block].text) = (100 + index, word)
        (records[block].think, records[block].shift, records[block].speak) = (0.03, 0.01, 0.96)
      }
      records[begin].firstText = records[begin].token
      for block in [begin, end] {
        records[block].token = Self.shift
        (records[block].think, records[block].shift, records[block].speak) = (0.06, 0.93, 0.01)
      }
      if pending > 0 { events.append(.yield(BlockIndex(end), samples: pending * 1_920)) }
      // Doubt before a decision.
      for step in 1...3 where begin > 3 {
        records[begin - step].shift = 0.5 / Float(step)
        records[begin - step].think = 1 - 0.5 / Float(step)
      }
    }
    var all = records.map { JournalEvent.block($0) } + events
    if ended { all.append(.end(BlockIndex(blockCount), reason: .stopped, detail: "")) }
    let order = all.enumerated().sorted {
      ($0.element.block, $0.offset) < ($1.element.block, $1.offset)
    }
    journal = try Self.journal(order.map(\.element), torn: torn)
  }

  func picture(title: String) -> SessionPicture {
    SessionPicture(
      journal: journal, environment: Waveform(samples: environment, sampleRate: 16_000),
      assistant: Waveform(samples: assistant, sampleRate: 24_000), title: title)
  }

  /// Writes both recordings as 16-bit WAV files.
  func writeSound(folder: String, prefix: String) throws {
    for (name, samples, rate) in [
      ("environment", environment, 16_000), ("assistant", assistant, 24_000),
    ] {
      func bytes(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      }
      let size = samples.count * 2
      var file = Array("RIFF".utf8) + bytes(size + 36, 4) + Array("WAVEfmt ".utf8)
      file += bytes(16, 4) + bytes(1, 2) + bytes(1, 2) + bytes(rate, 4) + bytes(rate * 2, 4)
      file += bytes(2, 2) + bytes(16, 2) + Array("data".utf8) + bytes(size, 4)
      for sample in samples { file += bytes(Int(sample * 32_767), 2) }
      try Data(file).write(to: URL(fileURLWithPath: "\(folder)/\(prefix)-\(name).wav"))
    }
  }

  private static func record(_ block: Int, slow: Bool, _ random: inout Noise) -> BlockRecord {
    var record = BlockRecord(block: BlockIndex(block), token: think)
    let doubt = 0.02 * abs(random.next())
    (record.think, record.shift, record.speak) = (1 - doubt, doubt * 0.7, doubt * 0.3)
    var time = Duration.milliseconds(80) * (block + 1)
    for (stage, cost) in zip(StageID.allCases, [0.4, 7, slow ? 70 : 26, 9, 0.8]) {
      let arrival = time
      let start = time + .microseconds(Int(120 * abs(random.next())))
      let spread = 1 + 0.35 * Double(random.next()) * Double(abs(random.next()))
      time = start + .microseconds(Int(cost * 1_000 * spread))
      record.timings[stage] = StageSpan(arrival: arrival, start: start, end: time)
    }
    return record
  }

  /// Noise and harmonics in syllables, as loud and as uneven as speech.
  private static func speech(
    _ samples: inout [Float], _ rate: Int, _ start: Double, _ length: Double, _ level: Float,
    _ random: inout Noise
  ) {
    let first = Int(start * Double(rate))
    let pitch = 110 + 60 * Float(abs(random.next()))
    for index in 0..<Int(length * Double(rate)) where samples.indices.contains(first + index) {
      let time = Float(index) / Float(rate)
      let syllable = max(0, sin(time * 2 * .pi * 4.3) + 0.25 * sin(time * 2 * .pi * 1.1))
      let edge = min(1, time * 30, (Float(length) - time) * 30)
      let voice = sin(time * 2 * .pi * pitch) + 0.5 * sin(time * 4 * .pi * pitch)
      samples[first + index] += level * edge * syllable * (0.5 * voice + 0.2 * random.next())
    }
  }
}

/// Uniform numbers from -1 to 1 (Knuth's linear congruential generator).
struct Noise {
  var state: UInt64

  mutating func next() -> Float {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max)
  }
}

/// A folder that is removed at the end of a test.
struct Scratch: ~Copyable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/view-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}
