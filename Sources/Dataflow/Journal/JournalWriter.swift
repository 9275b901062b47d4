import FoundationEssentials

/// Writes a journal: JSON lines, appended, each handed to the kernel before the call returns.
///
/// A process that dies loses at most the line that it was writing.
public struct JournalWriter: ~Copyable {
  private var file: RecordingFile
  private let encoder = JSONEncoder.journal

  /// Creates a journal and writes its header.
  ///
  /// - Parameters:
  ///   - path: Where; there must be no such file.
  ///   - header: The first line.
  /// - Throws: ``RecordingError``: exists, missing, denied, readOnly, diskFull or system.
  public init(path: String, header: JournalHeader) throws(RecordingError) {
    try self.init(file: RecordingFile(creating: path), header: header)
  }

  package init(file: consuming RecordingFile, header: JournalHeader) throws(RecordingError) {
    self.file = file
    try append(line: header, block: nil)
  }

  /// Appends an event.
  ///
  /// - Parameter event: The event.
  /// - Throws: ``RecordingError`` with the event's block; the journal is as it was before.
  public mutating func append(_ event: JournalEvent) throws(RecordingError) {
    try append(line: event, block: event.block)
  }

  private mutating func append(
    line: some Encodable, block: BlockIndex?
  ) throws(RecordingError) {
    let data: Data
    do {
      data = try encoder.encode(line)
    } catch {
      throw RecordingError(.notEncodable, path: file.path, block: block, detail: "\(error)")
    }
    try file.append(Array(data) + [UInt8(ascii: "\n")], block: block)
  }
}
