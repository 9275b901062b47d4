import Dataflow
import Foundation
import Testing

/// A folder that is removed at the end of a test.
private struct Scratch: ~Copyable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/journal-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String = "journal.jsonl") -> String { "\(path)/\(name)" }
}

struct JournalTests {
  private static let header = JournalHeader(
    seeds: ["language": .max, "flow": 3], configuration: .object(["delay": .integer(1)]),
    modelDigest: "00ff", kernels: "OpenBLAS 0.3", core: "Zen", threads: 2)

  /// One event of each kind, and a record with everything in it.
  private static let events: [JournalEvent] = {
    var record = BlockRecord(block: BlockIndex(1), token: 17, text: "zwölf \"12\"\n")
    record.top = [.init(token: 17, probability: 0.1), .init(token: 2, probability: 1e-30)]
    (record.think, record.shift, record.speak) = (0.25, .leastNonzeroMagnitude, .nan)
    record.timings = [
      .encoder: StageSpan(
        arrival: .milliseconds(80), start: .microseconds(80_001), end: .milliseconds(95))
    ]
    record.queues = ["frames": 1, "blocks": 0]
    (record.firstText, record.state) = (18, .speaking)
    record.sketches = [.encoder: BlockSketch(of: [0.5, -0.25, 1e-9])]
    record.digests = [.language: BlockDigest(value: 7), .playback: BlockDigest(value: .max)]
    return [
      .block(BlockRecord(block: .first, token: 0)), .block(record), .drop(BlockIndex(2), count: 3),
      .underrun(BlockIndex(3), samples: 1_280), .yield(BlockIndex(3), samples: 960),
      .refresh(BlockIndex(3), positions: 600),
      .defects(BlockIndex(4), notFinite: 2, clipped: 0, missing: 7),
      .late(BlockIndex(4), underrun: 1_280, dropped: 3), .command(BlockIndex(4), text: "mute"),
      .deviceLost(BlockIndex(5), device: "USB"), .deviceBack(BlockIndex(9), device: "USB"),
      .end(BlockIndex(10), reason: .failed, detail: "disk"),
    ]
  }()

  private static func contents() throws -> [UInt8] {
    let scratch = try Scratch()
    try write(to: scratch.file())
    return try [UInt8](Data(contentsOf: URL(fileURLWithPath: scratch.file())))
  }

  private static func write(to path: String) throws {
    var writer = try JournalWriter(path: path, header: header)
    for event in events { try writer.append(event) }
  }

  /// As comparable text: a NaN differs from itself.
  private static func text(_ events: some Sequence<JournalEvent>) -> [String] {
    events.map { "\($0)" }
  }

  // MARK: Whole journals

  @Test func `what was written is read back`() throws {
    let scratch = try Scratch()
    try Self.write(to: scratch.file())
    let journal = try Journal(path: scratch.file())
    #expect(journal.header == Self.header)
    #expect(
      Self.text(journal.events).map(sortedCharacters)
        == Self.text(Self.events).map(sortedCharacters))
    #expect(journal.blocks.map(\.token) == [0, 17])
    #expect(journal.blocks[1].digests[.playback] == BlockDigest(value: .max))
    #expect(journal.blocks[1].timings[.encoder]?.work == .microseconds(14_999))
    #expect(journal.blocks[1].speak.isNaN)
    #expect(!journal.isTorn)
  }

  /// Dictionaries print in any order; the characters are the same.
  private func sortedCharacters(_ text: String) -> String { String(text.sorted()) }

  @Test func `every event is in the file before the next is written`() throws {
    let scratch = try Scratch()
    var writer = try JournalWriter(path: scratch.file(), header: Self.header)
    for (index, event) in Self.events.enumerated() {
      try writer.append(event)
      #expect(try Journal(path: scratch.file()).events.count == index + 1)
    }
  }

  @Test func `equal sessions are equal files`() throws {
    #expect(try Self.contents() == Self.contents())
    let text = try String(decoding: Self.contents(), as: UTF8.self)
    #expect(text.contains(#""digests":{"language":"0000000000000007","#))
    #expect(text.contains(#""timings":{"encoder":[80000,80001,95000]}"#))
  }

  // MARK: Torn and foreign files

  @Test func `a journal that is cut anywhere gives its whole lines`() throws {
    let contents = try Self.contents()
    let lines = contents.split(separator: UInt8(ascii: "\n"))
    for length in lines[0].count + 1...contents.count {
      let cut = Array(contents[..<length])
      let whole = cut.filter { $0 == UInt8(ascii: "\n") }.count
      let journal = try Journal(contents: cut, path: "cut")
      #expect(journal.events.count == whole - 1)
      #expect(journal.isTorn == (cut.last != UInt8(ascii: "\n")))
    }
    for length in 0...lines[0].count {
      let error = #expect(throws: RecordingError.self) {
        try Journal(contents: Array(contents[..<length]), path: "cut")
      }
      #expect(error?.code == .notAJournal)
    }
  }

  @Test func `another version is named`() throws {
    let text = try String(decoding: Self.contents(), as: UTF8.self)
    let newer = text.replacingOccurrences(of: #""version":1"#, with: #""version":2"#)
    let error = #expect(throws: RecordingError.self) {
      try Journal(contents: Array(newer.utf8), path: "s/journal.jsonl")
    }
    #expect(error?.code == .unknownVersion(2))
    #expect(
      error?.description
        == "s/journal.jsonl: journal format version 2 is unknown; this build reads version 1")
  }

  @Test(arguments: ["\n", "{}\n", "[]\n", "{\"format\":\"wav\",\"version\":1}\n", "\u{0}\n"])
  func `another file is no journal`(text: String) {
    let error = #expect(throws: RecordingError.self) {
      try Journal(contents: Array(text.utf8), path: "other")
    }
    #expect(error?.code == .notAJournal)
  }

  @Test func `a whole line that makes no sense is named`() throws {
    let line = #"{"event":"drop","block":-4,"count":1}"# + "\n"
    let error = #expect(throws: RecordingError.self) {
      try Journal(contents: Self.contents() + Array(line.utf8), path: "bad")
    }
    #expect(error?.code == .malformed(line: Self.events.count + 2))
    #expect(error?.description.contains("not negative") == true)
  }

  @Test func `ten thousand damaged journals are read or refused`() throws {
    let contents = try Self.contents()
    var (read, refused) = (0, 0)
    for seed in UInt64(0)..<10_000 {
      var random = SeededGenerator(seed: seed)
      var mutant = contents
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let place = Int.random(in: 0..<mutant.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: mutant[place] = UInt8.random(in: 0...255, using: &random)
        case 1: mutant[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: mutant.removeSubrange(place..<min(mutant.count, place + 1 + place % 40))
        default: mutant.insert(contentsOf: contents[..<(place % contents.count)], at: place)
        }
        if mutant.isEmpty { mutant = [0] }
      }
      do {
        _ = try Journal(contents: mutant, path: "mutant")
        read += 1
      } catch {
        #expect(!error.description.isEmpty)
        refused += 1
      }
    }
    #expect(read > 0 && refused > 0 && read + refused == 10_000)
  }

  // MARK: Disks

  @Test func `a full disk names the file and the block`() throws {
    let error = #expect(throws: RecordingError.self) {
      _ = try JournalWriter(file: RecordingFile(existing: "/dev/full"), header: Self.header)
    }
    #expect(error?.code == .diskFull)
    #expect(error?.path == "/dev/full")
    #expect(
      RecordingError(errno: ENOSPC, path: "s/journal.jsonl", block: BlockIndex(12)).description
        == "s/journal.jsonl at block 12: the disk is full; what was recorded before stays readable")
  }

  @Test func `a file is never overwritten`() throws {
    let scratch = try Scratch()
    try Self.write(to: scratch.file())
    let error = #expect(throws: RecordingError.self) { try Self.write(to: scratch.file()) }
    #expect(error?.code == .exists)
    #expect(try Journal(path: scratch.file()).events.count == Self.events.count)
  }

  @Test func `a folder that is not there is named`() throws {
    let scratch = try Scratch()
    let path = scratch.file("none/journal.jsonl")
    let written = #expect(throws: RecordingError.self) { try Self.write(to: path) }
    #expect(written?.code == .missing && written?.path == path)
    let read = #expect(throws: RecordingError.self) { try Journal(path: path) }
    #expect(read?.code == .missing)
  }

  @Test(arguments: [
    (EROFS, RecordingError.Code.readOnly), (EACCES, .denied), (EDQUOT, .diskFull),
    (EIO, .system(EIO)),
  ])
  func `the system's errors have kinds`(number: Int32, code: RecordingError.Code) {
    #expect(RecordingError(errno: number, path: "x").code == code)
  }

  // MARK: Configuration

  @Test func `a configuration comes back as it was`() throws {
    struct Configuration: Codable, Equatable {
      var names = ["a", "b"]
      var gain = 0.1
      var limit: Int? = nil
      var on = true
    }
    let value = try JSONValue(encoding: Configuration())
    #expect(try value.decoded(as: Configuration.self) == Configuration())
    #expect(
      value
        == .object([
          "names": .array([.string("a"), .string("b")]), "gain": .number(0.1), "on": .bool(true),
        ]))
  }
}
