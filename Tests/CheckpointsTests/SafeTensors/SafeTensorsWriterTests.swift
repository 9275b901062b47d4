import Checkpoints
import Foundation
import Kernels
import TestSupport
import Testing

struct SafeTensorsWriterTests {
  private func write(_ path: String, finishing: Bool = true) throws {
    var writer = try SafeTensorsWriter(
      path: path,
      tensors: [
        .init("w", type: .float32, shape: [2, 3]), .init("h", type: .bfloat16, shape: [2]),
        .init("q", type: .q8_0, shape: [2, 32, 3]), .init("none", type: .float16, shape: [0]),
        .init(integers: "i", shape: [2]),
      ], metadata: ["note": "é \"x\""])
    try writer.append([1, 2, 3, 4, 5, 6] as [Float])
    try [UInt8](1...4).withUnsafeBytes { try writer.append($0) }
    try [UInt8](repeating: 9, count: 204).withUnsafeBytes { try writer.append($0) }
    try writer.append(UnsafeRawBufferPointer(start: nil, count: 0))
    try [7, -1].withUnsafeBytes { try writer.append($0) }
    if finishing { try writer.finish() }
  }

  @Test func `what is written is read back`() throws {
    let folder = try TemporaryFolder()
    try write(folder.file("m.safetensors"))
    let file = try SafeTensorsFile(path: folder.file("m.safetensors"))
    #expect(file.names == ["h", "none", "q", "w"])
    #expect(file.metadata == ["note": "é \"x\"", "q": "Q8_0 2 32 3"])
    #expect(try file.values("w", shape: [2, 3]) == [1, 2, 3, 4, 5, 6])
    #expect(Array(try file.bytes("h")) == [1, 2, 3, 4])
    #expect(file.info("q") == TensorInfo(type: .q8_0, shape: [2, 32, 3]))
    #expect(try file.integers("i") == [7, -1])
    let size = try contents(folder.file("m.safetensors"))[..<8].reversed()
      .reduce(0) { $0 << 8 | Int($1) }
    #expect(size % 8 == 0)
  }

  @Test func `a file that is not finished leaves nothing, and an older one as it was`() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3], to: "m")
    try write(folder.file("m"), finishing: false)
    #expect(try folder.contents == ["m"])
    #expect(try contents(folder.file("m")) == [1, 2, 3])
    try write(folder.file("m"))
    #expect(try folder.contents == ["m"])
    #expect(try contents(folder.file("m")).count > 3)
  }

  @Test func `a full disk is named as such`() throws {
    var output = try OutputFile(device: "/dev/full")
    do {
      try output.append([1])
      Issue.record("a full device took a byte")
    } catch {
      #expect(error.description == "/dev/full: cannot write to it: the disk is full")
    }
  }

  @Test func `a folder that is missing is named`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: CheckpointError.self) { try write(folder.file("none/m")) }
    #expect(try folder.contents == [])
  }

  @Test func `what cannot be stored is refused`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: CheckpointError.self) {
      try SafeTensorsWriter.Declaration("q", type: .q8_0, shape: [2, 31])
    }
    #expect(throws: CheckpointError.self) {
      try SafeTensorsWriter.Declaration("q", type: .q8_0, shape: [64])
    }
    #expect(throws: CheckpointError.self) {
      try SafeTensorsWriter.Declaration("w", type: .float32, shape: [.max, 2])
    }
    let twice = try SafeTensorsWriter.Declaration("w", type: .float32, shape: [1])
    #expect(throws: CheckpointError.self) {
      _ = try SafeTensorsWriter(path: folder.file("m"), tensors: [twice, twice])
    }
  }
}
