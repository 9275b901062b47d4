import Checkpoints
import Kernels
import TestSupport
import Testing

struct GGUFFileTests {
  private func file() throws -> GGUFFile { try GGUFFile(path: golden("gguf/tiny-llama.gguf")) }

  @Test func `every type of metadata is read as the public package wrote it`() throws {
    let file = try file()
    #expect(try file.integer("test.uint8") == 200)
    #expect(try file.integer("test.int8") == -100)
    #expect(try file.integer("test.uint16") == 60000)
    #expect(try file.integer("test.int16") == -30000)
    #expect(try file.integer("test.uint32") == 4_000_000_000)
    #expect(try file.integer("test.int32") == -2_000_000_000)
    #expect(try file.number("test.float32") == Double(Float(0.1)))
    #expect(try file.optionalBool("test.bool") == true)
    #expect(try file.string("test.string") == "naïve 你好")
    #expect(file.metadata["test.uint64"]?.type == .uint64)
    #expect(file.metadata["test.uint64"]?.integerValue == nil)
    #expect(try file.number("test.uint64") == 0x1p63)
    #expect(try file.integer("test.int64") == -(1 << 62))
    #expect(try file.number("test.float64") == 0.1)
    #expect(try file.array("test.integers").integers() == [3, -1, 2])
    #expect(try file.array("test.numbers").numbers() == [0.5, -0.25])
    #expect(try file.array("test.truths").values().map(\.boolValue) == [true, false])
    #expect(try file.array("tokenizer.ggml.merges").strings() == ["a b", "Ġ a"])
  }

  @Test func `errors name the file and the key`() throws {
    let file = try file()
    func message(_ body: () throws(CheckpointError) -> some Any) -> String {
      do { return "\(try body())" } catch {
        return error.description.replacing(file.name, with: "FILE")
      }
    }
    #expect(
      message { () throws(CheckpointError) in try file.integer("none") }
        == "FILE: none: is not in the metadata")
    #expect(
      message { () throws(CheckpointError) in try file.integer("test.string") }
        == "FILE: test.string: is of type string, expected an integer")
    #expect(
      message { () throws(CheckpointError) in try file.integer("test.uint8", in: 1...9) }
        == "FILE: test.uint8: is 200, expected 1 to 9")
    #expect(
      message { () throws(CheckpointError) in try file.array("test.numbers").strings() }
        == "FILE: an array of float32, expected strings")
  }

  @Test func `shapes are outermost first and all formats are known`() throws {
    let file = try file()
    #expect(file.info("blk.0.ffn_gate.weight") == TensorInfo(type: .q4_0, shape: [256, 32]))
    let types = Set(file.names.compactMap { file.info($0)?.type })
    #expect(types == Set(ElementType.allCases))
  }

  @Test(arguments: [2, 3] as [UInt32])
  func `arrays in arrays, odd alignments and unknown formats are legal`(version: UInt32) throws {
    var bytes = GGUFBytes()
    bytes.version = version
    let inner = GGUFBytes.integer(UInt32(0)) + GGUFBytes.integer(UInt64(2)) + [7, 8]
    bytes.key(
      "a", type: 9, GGUFBytes.integer(UInt32(9)) + GGUFBytes.integer(UInt64(2)) + inner + inner)
    bytes.key("general.alignment", type: 4, GGUFBytes.integer(UInt32(1)))
    bytes.tensor("w", dimensions: [3, 2], offset: 0)
    bytes.tensor("x", dimensions: [256], type: 77, offset: 24)
    bytes.tensor("y", dimensions: [], type: 24, offset: 25)
    bytes.data = [UInt8](0..<26)
    let file = try GGUFFile(bytes: bytes.bytes(alignment: 1), name: "g")
    let inside = try file.array("a").values()
    #expect(try inside.map { try $0.arrayValue?.integers() } == [[7, 8], [7, 8]])
    #expect(Array(try file.matrix("w", rows: 2, columns: 3).bytes) == [UInt8](0..<24))
    #expect(file.allNames == ["w", "x", "y"])
    #expect(file.names == ["w"])
    #expect(throws: CheckpointError.self) { try file.matrix("x", rows: 1, columns: 256) }
    #expect(throws: CheckpointError.self) { try file.matrix("y", rows: 1, columns: 1) }
  }

  @Test func `what is written is read back`() throws {
    let folder = try TemporaryFolder()
    var writer = try GGUFWriter(
      path: folder.file("m.gguf"),
      metadata: [
        ("a", .uint32(7)), ("b", .array(GGUFArray(["x", "", "é"]))), ("c", .string("s")),
        ("d", .array(GGUFArray([1, -1] as [Int32]))), ("e", .array(GGUFArray([0.5] as [Float]))),
        ("f", .bool(true)), ("g", .float64(-0.1)), ("h", .int64(.min)),
      ],
      tensors: [
        .init("w", type: .float32, shape: [2, 3]), .init("q", type: .q4_0, shape: [1, 32]),
        .init("s", type: .bfloat16, shape: [1]),
      ])
    try writer.append(WeightMatrix(rows: 2, columns: 3, values: [1, 2, 3, 4, 5, 6]))
    try [UInt8](0..<18).withUnsafeBytes { try writer.append($0) }
    try [UInt8](0..<2).withUnsafeBytes { try writer.append($0) }
    try writer.finish()
    let file = try GGUFFile(path: folder.file("m.gguf"))
    #expect(try file.integer("a") == 7)
    #expect(try file.array("b").strings() == ["x", "", "é"])
    #expect(try file.array("d").integers() == [1, -1])
    #expect(try file.array("e").numbers() == [0.5])
    #expect(try file.integer("h") == Int.min)
    #expect(try file.values("w", shape: [2, 3]) == [1, 2, 3, 4, 5, 6])
    #expect(Array(try file.matrix("q", rows: 1, columns: 32).bytes) == [UInt8](0..<18))
    #expect(Array(try file.matrix("s", rows: 1, columns: 1).bytes) == [0, 1])
    #expect(throws: CheckpointError.self) {
      try GGUFWriter.Declaration("q", type: .q8_0, shape: [32, 31])
    }
    #expect(throws: CheckpointError.self) {
      try GGUFWriter.Declaration(String(repeating: "n", count: 65), type: .float32, shape: [1])
    }
  }

  @Test func `a vocabulary of full size costs little until it is asked for`() throws {
    var strings: [UInt8] = []
    for index in 0..<280_147 { strings += GGUFBytes.string("token\(index)") }
    var bytes = GGUFBytes()
    bytes.key(
      "m", type: 9, GGUFBytes.integer(UInt32(8)) + GGUFBytes.integer(UInt64(280_147)) + strings)
    let clock = ContinuousClock()
    let contents = bytes.bytes()
    var file: GGUFFile?
    let opening = try clock.measure { file = try GGUFFile(bytes: contents, name: "g") }
    var tokens: [String] = []
    let reading = try clock.measure { tokens = try #require(file).array("m").strings() }
    #expect(tokens.last == "token280146")
    // About ten times what they take.
    #expect(opening < .milliseconds(200), "\(opening)")
    #expect(reading < .seconds(1), "\(reading)")
  }
}
