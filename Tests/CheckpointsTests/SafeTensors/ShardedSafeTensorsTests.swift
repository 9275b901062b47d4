import Checkpoints
import Kernels
import TestSupport
import Testing

struct ShardedSafeTensorsTests {
  private static func shard(_ names: String...) -> [UInt8] {
    let entries = names.enumerated().map { index, name in
      #""\#(name)":{"dtype":"F32","shape":[1],"data_offsets":[\#(4 * index),\#(4 * index + 4)]}"#
    }
    return SafeTensorsBytes.file("{\(entries.joined(separator: ","))}", dataCount: 4 * names.count)
  }

  private func open(_ map: String, _ shards: [String: [UInt8]]) throws -> ShardedSafeTensors {
    let index = Array(#"{"weight_map":\#(map)}"#.utf8)
    return try ShardedSafeTensors(index: index, name: "index.json") {
      (name) throws(CheckpointError) in
      guard let bytes = shards[name] else {
        throw CheckpointError(.missing, file: name, reason: "there is no such file")
      }
      return try SafeTensorsFile(bytes: bytes, name: name)
    }
  }

  @Test func `tensors come from the files that the index names`() throws {
    let shards = ["1": Self.shard("a", "b"), "2": Self.shard("c", "unmapped")]
    let source = try open(#"{"c":"2","a":"1","b":"1"}"#, shards)
    #expect(source.names == ["a", "b", "c"])
    #expect(source.info("c")?.shape == [1])
    #expect(try source.matrix("c", rows: 1, columns: 1).byteCount == 4)
    #expect(source.info("unmapped") == nil)
    #expect(throws: CheckpointError.self) { try source.matrix("unmapped", rows: 1, columns: 1) }
  }

  @Test(arguments: [
    (#"{"a":"../1"}"#, "index.json: weight_map.a: \"../1\" is no plain file name"),
    (#"{"a":"/etc/passwd"}"#, "\"/etc/passwd\" is no plain file name"),
    (#"{"a":".."}"#, "\"..\" is no plain file name"), (#"{"a":"."}"#, "no plain file name"),
    (#"{"a":""}"#, "\"\" is no plain file name"),
    (#"{"a":"1\u0000"}"#, "no plain file name"), (#"{"a":1}"#, "a: is an integer"),
    (#"{"a":"3"}"#, "3: there is no such file"), (#"{"b":"1"}"#, "weight_map.b: is not in 1"),
    (#"{"a":"1","c":"2"}"#, "2: a: is in 1 too"), ("{}", "weight_map: names no tensor"),
    ("[]", "weight_map: is an array, expected an object"), ("null", "weight_map: is null"),
    (#"{"a":"1","a":"2"}"#, "comes twice"),
  ])
  func `an index that does not fit its files is refused`(map: String, reason: String) {
    do {
      _ = try open(map, ["1": Self.shard("a"), "2": Self.shard("a", "c")])
      Issue.record("the index was accepted")
    } catch {
      #expect("\(error)".contains(reason), "\(error)")
    }
  }

  @Test func `a folder as transformers saves it is read`() throws {
    let source = try SafeTensors.open(golden("sharded"))
    #expect(source.names.count == 21)
    for name in source.names {
      let shape = try #require(source.info(name)).shape
      #expect(
        try source.values(name, shape: shape) == FilledTensors.values(name: name, shape: shape))
    }
  }

  @Test func `a folder, a file and an index are opened for what they are`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: CheckpointError.self) { try SafeTensors.open(folder.path) }
    #expect(throws: CheckpointError.self) { try SafeTensors.open(folder.file("none.safetensors")) }
    try folder.write(Self.shard("a"), to: "1.safetensors")
    let index = Array(#"{"weight_map":{"a":"1.safetensors"}}"#.utf8)
    try folder.write(index, to: "model.safetensors.index.json")
    #expect(try SafeTensors.open(folder.path).names == ["a"])
    #expect(try SafeTensors.open(folder.file("model.safetensors.index.json")).names == ["a"])
    #expect(try SafeTensors.open(folder.file("1.safetensors")).names == ["a"])
    try folder.write(Self.shard("whole"), to: "model.safetensors")
    #expect(try SafeTensors.open(folder.path).names == ["whole"])
  }
}
