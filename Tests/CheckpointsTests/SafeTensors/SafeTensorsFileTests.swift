import Checkpoints
import Kernels
import Testing

struct SafeTensorsFileTests {
  /// The header's length leaves the floats at an odd address.
  private func file() throws -> SafeTensorsFile {
    let header = """
      {"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},\
      "none":{"dtype":"BF16","shape":[0,4],"data_offsets":[24,24]},\
      "h":{"dtype":"F16","shape":[2,2,1],"data_offsets":[24,32]},\
      "i":{"dtype":"I64","shape":[2],"data_offsets":[32,48]},\
      "j":{"dtype":"I32","shape":[],"data_offsets":[48,52]},\
      "u":{"dtype":"U8","shape":[3],"data_offsets":[52,55]},\
      "d":{"dtype":"F64","shape":[1],"data_offsets":[55,63]}}
      """
    var data: [UInt8] = []
    for value in [1, -2, 3, 0.5, 0, 1e-3] as [Float] { append(value.bitPattern, to: &data) }
    for value in [1, 2, -0.5, 65504] as [Float16] { append(value.bitPattern, to: &data) }
    for value in [Int64.min, 7] { append(value, to: &data) }
    append(Int32(-5), to: &data)
    data += [0, 128, 255]
    append((1.5).bitPattern, to: &data)
    let padding = String(repeating: " ", count: (9 - header.utf8.count % 8) % 8)
    return try SafeTensorsFile(
      bytes: SafeTensorsBytes.file(header + padding, data: data), name: "m.safetensors")
  }

  private func append(_ value: some FixedWidthInteger, to data: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
  }

  @Test func `tensors are read as they are stored, at any address`() throws {
    let file = try file()
    #expect(file.names == ["h", "none", "w"])
    #expect(file.allNames == ["d", "h", "i", "j", "none", "u", "w"])
    #expect(file.metadata == ["format": "pt"])
    #expect(file.info("w") == TensorInfo(type: .float32, shape: [2, 3]))
    #expect(file.info("i") == nil)
    #expect(file.stored("i")?.type == "I64")
    #expect(try file.values("w", shape: [2, 3]) == [1, -2, 3, 0.5, 0, 1e-3])
    #expect(try file.values("h", shape: [2, 2, 1]) == [1, 2, -0.5, 65504])
    #expect(try file.values("none", shape: [0, 4]) == [])
    let address = try file.matrix("w", rows: 2, columns: 3).bytes.baseAddress
    #expect(Int(bitPattern: address) % 4 != 0)
  }

  @Test func `integers are read as integers`() throws {
    let file = try file()
    #expect(try file.integers("i") == [Int.min, 7])
    #expect(try file.integers("j") == [-5])
    #expect(try file.integers("u") == [0, 128, 255])
    #expect(throws: CheckpointError.self) { try file.integers("w") }
  }

  @Test func `dimensions are joined from the front or from the back`() throws {
    let file = try file()
    #expect(try file.matrix("h", rows: 2, columns: 2).columns == 2)
    #expect(try file.matrix("h", rows: 4, columns: 1).rows == 4)
    #expect(try file.matrix("h", rows: 1, columns: 4).rows == 1)
    #expect(throws: CheckpointError.self) { try file.matrix("w", rows: 3, columns: 2) }
    #expect(throws: CheckpointError.self) { try file.matrix("w", rows: 2, columns: 2) }
    #expect(throws: CheckpointError.self) { try file.matrix("w", rows: -2, columns: -3) }
    #expect(throws: CheckpointError.self) { try file.matrix("w", rows: .max, columns: .max) }
  }

  @Test func `what is asked for wrongly is named`() throws {
    let file = try file()
    func message(_ body: () throws(CheckpointError) -> some Any) -> String {
      do { return "\(try body())" } catch { return error.description }
    }
    #expect(
      message { () throws(CheckpointError) in try file.matrix("x", rows: 1, columns: 1) }
        == "m.safetensors: x: there is no such tensor")
    #expect(
      message { () throws(CheckpointError) in try file.matrix("d", rows: 1, columns: 1) }
        == "m.safetensors: d: F64 cannot be used as weights")
    #expect(
      message { () throws(CheckpointError) in try file.matrix("w", rows: 6, columns: 2) }
        == "m.safetensors: w: has shape [2, 3], expected [6, 2]")
    #expect(
      message { () throws(CheckpointError) in try file.integers("d") }
        == "m.safetensors: d: is F64, expected I64, I32 or U8")
  }

  @Test func `quantised tensors have the format and shape of the metadata`() throws {
    let header = """
      {"__metadata__":{"q":"Q8_0 2 32 3","k":"Q6_K 1 256","w":"weights of something"},\
      "q":{"dtype":"U8","shape":[2,102],"data_offsets":[0,204]},\
      "k":{"dtype":"U8","shape":[1,210],"data_offsets":[204,414]},\
      "w":{"dtype":"U8","shape":[2],"data_offsets":[414,416]}}
      """
    let bytes = SafeTensorsBytes.file(header, dataCount: 416)
    let file = try SafeTensorsFile(bytes: bytes, name: "m")
    #expect(file.info("q") == TensorInfo(type: .q8_0, shape: [2, 32, 3]))
    #expect(file.info("k") == TensorInfo(type: .q6_K, shape: [1, 256]))
    #expect(file.info("w") == nil)
    #expect(
      Array(try file.matrix("q", rows: 2, columns: 96).bytes)
        == Array(bytes.suffix(416).prefix(204)))
    #expect(throws: CheckpointError.self) { try file.matrix("q", rows: 64, columns: 3) }
  }

  @Test func `an empty file of no tensors is legal`() throws {
    #expect(try SafeTensorsFile(bytes: SafeTensorsBytes.file("{}  "), name: "m").names.isEmpty)
  }
}
