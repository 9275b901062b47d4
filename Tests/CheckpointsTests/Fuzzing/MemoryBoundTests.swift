import Checkpoints
import Testing

/// Memory in proportion to the file, whatever it holds; each in a limited child process.
struct MemoryBoundTests {
  /// The texts that take most memory for their size.
  private static let parts = [
    "0,", "[],", "[0],", "{},", "\"\",", "{\"\":0},", "{\"a\":{}},", "[[[[0]]]],", "\"\\u0041\",",
    "1e9,",
    "\"0123456789abcdef\",",
  ]

  @Test(arguments: parts)
  func `a JSON text takes at most forty times its size`(part: String) async {
    await #expect(processExitsWith: .success) { [part = part as String] in
      let size = 2_000_000
      let text = "[" + String(repeating: part, count: size / part.utf8.count) + "0]"
      let bytes = Array(text.utf8)
      try BoundedProcess.limit(moreBytes: 40 * size, seconds: 60)
      guard case .array(let elements) = try JSONValue(parsing: bytes, file: "t") else {
        Issue.record("the text is an array")
        return
      }
      #expect(elements.count == size / part.utf8.count + 1)
    }
  }

  @Test func `many distinct names take at most forty times their size`() async {
    await #expect(processExitsWith: .success) {
      let text = "{" + (0..<200_000).map { "\"\($0)\":0," }.joined() + "\"x\":0}"
      let bytes = Array(text.utf8)
      try BoundedProcess.limit(moreBytes: 40 * bytes.count, seconds: 60)
      #expect(try JSONObject(parsing: bytes, file: "t").count == 200_001)
    }
  }

  @Test func `the limit is one`() async {
    await #expect(processExitsWith: .failure) {
      try BoundedProcess.limit(moreBytes: 16 << 20, seconds: 60)
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 20, alignment: 64)
      memory.initializeMemory(as: UInt8.self, repeating: 1)
      #expect(memory.last == 1)
    }
  }
}
