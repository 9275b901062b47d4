import Checkpoints
import Foundation
import Testing

struct MappedFileTests {
  private func failure(_ path: String) -> CheckpointError? {
    do {
      _ = try MappedFile(path: path)
      return nil
    } catch { return error }
  }

  @Test func `a file is mapped as it is`() throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let file = try MappedFile(path: folder.write(bytes, to: "a"))
    #expect(Array(file.bytes) == bytes)
  }

  @Test func `what is no file is refused by name and reason`() throws {
    let folder = try TemporaryFolder()
    let missing = failure(folder.file("none"))
    #expect(missing?.code == .missing)
    #expect(missing?.description == "\(folder.path)/none: there is no such file")
    #expect(failure("")?.code == .missing)
    #expect(failure("a\0b")?.code == .missing)
    #expect(failure(folder.path)?.reason == "is a folder, expected a file")
    #expect(failure(try folder.write([], to: "empty"))?.reason == "is empty")
    #expect(failure("/dev/zero")?.reason == "is no ordinary file")
    #expect(failure(folder.file("empty/below"))?.reason == "there is no such file")
  }

  @Test func `a named pipe is refused without waiting for a writer`() throws {
    let folder = try TemporaryFolder()
    #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
    #expect(failure(folder.file("pipe"))?.reason == "is no ordinary file")
  }
}
