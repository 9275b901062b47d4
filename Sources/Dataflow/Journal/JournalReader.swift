import FoundationEssentials

/// A journal as read back.
public struct Journal: Sendable {
  /// The first line.
  public let header: JournalHeader
  /// All whole lines after it, in order.
  public let events: [JournalEvent]
  /// Whether the file ended inside a line, as it does when the writing process was killed.
  public let isTorn: Bool

  /// The records of blocks, in order.
  public var blocks: [BlockRecord] {
    events.compactMap { if case .block(let record) = $0 { record } else { nil } }
  }

  /// Reads a journal.
  ///
  /// - Parameter path: The file.
  /// - Throws: ``RecordingError``: missing, denied, system; notAJournal, unknownVersion or
  ///   malformed with the line. A torn last line is no error.
  public init(path: String) throws(RecordingError) {
    try self.init(contents: RecordingFile.contents(of: path), path: path)
  }

  /// Reads a journal from memory.
  ///
  /// - Parameters:
  ///   - contents: The file's bytes.
  ///   - path: The name to use in errors.
  /// - Throws: ``RecordingError``: notAJournal, unknownVersion or malformed with the line.
  public init(contents: [UInt8], path: String) throws(RecordingError) {
    var lines = contents.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // After the last line's end there is nothing; what is there was not written wholly.
    isTorn = lines.removeLast().isEmpty == false
    guard let first = lines.first else {
      throw RecordingError(
        .notAJournal, path: path, detail: isTorn ? "its first line is torn" : "it is empty")
    }
    let decoder = JSONDecoder.journal
    header = try Self.header(first, decoder, path: path)
    var events: [JournalEvent] = []
    events.reserveCapacity(lines.count)
    for (index, line) in lines.enumerated().dropFirst() {
      do {
        events.append(try decoder.decode(JournalEvent.self, from: Data(line)))
      } catch {
        throw RecordingError(.malformed(line: index + 1), path: path, detail: reason(error))
      }
    }
    self.events = events
  }

  /// What every version's first line has.
  private struct Format: Decodable {
    let format: String
    let version: Int
  }

  private static func header(
    _ line: ArraySlice<UInt8>, _ decoder: JSONDecoder, path: String
  ) throws(RecordingError) -> JournalHeader {
    let data = Data(line)
    guard let found = try? decoder.decode(Format.self, from: data),
      found.format == JournalHeader.format
    else {
      throw RecordingError(.notAJournal, path: path, detail: "its first line is no header")
    }
    guard found.version == JournalHeader.currentVersion else {
      throw RecordingError(.unknownVersion(found.version), path: path)
    }
    do {
      return try decoder.decode(JournalHeader.self, from: data)
    } catch {
      throw RecordingError(.malformed(line: 1), path: path, detail: reason(error))
    }
  }
}

/// What is wrong with a line, without the decoder's wrapping.
private func reason(_ error: any Error) -> String {
  switch error as? DecodingError {
  case .keyNotFound(let key, _): "\(key.stringValue) is missing"
  case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context):
    context.debugDescription
  case nil: "\(error)"
  @unknown default: "\(error)"
  }
}
