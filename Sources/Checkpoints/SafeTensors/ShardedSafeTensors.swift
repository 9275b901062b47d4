public import Kernels

/// Several safetensors files that hold one model, with an index that says which tensor is where.
public final class ShardedSafeTensors: TensorSource {
  private let shards: [SafeTensorsFile]
  private let shardOfName: [String: Int]

  /// All names of tensors that can be weights, sorted.
  public let names: [String]

  /// Opens an index file, such as `model.safetensors.index.json`, and the files beside it.
  ///
  /// - Throws: ``CheckpointError`` where one of the files is missing or breaks its format, a
  ///   tensor is not where the index says, or two files have the same tensor.
  public convenience init(indexPath: String) throws(CheckpointError) {
    let folder = FilePath.folder(of: indexPath)
    let index = try JSONObject(contentsOfFile: indexPath)
    try self.init(index: index, indexName: indexPath) { (name) throws(CheckpointError) in
      try SafeTensorsFile(path: FilePath.join(folder, name))
    }
  }

  /// Reads an index in memory; `shard` opens the file of a name.
  public convenience init(
    index bytes: [UInt8], name: String,
    shard: (String) throws(CheckpointError) -> SafeTensorsFile
  ) throws(CheckpointError) {
    try self.init(
      index: JSONObject(parsing: bytes, file: name), indexName: name, shard: shard)
  }

  private init(
    index: JSONObject, indexName: String,
    shard: (String) throws(CheckpointError) -> SafeTensorsFile
  ) throws(CheckpointError) {
    let map = try index.object("weight_map")
    var shards: [SafeTensorsFile] = []
    var positions: [String: Int] = [:]
    var shardOfName: [String: Int] = [:]
    for (tensor, _) in map {
      let fileName = try map.string(tensor)
      guard FilePath.isPlainName(fileName) else {
        throw map.error(
          .malformed, tensor, reason: "\"\(fileName.excerpt)\" is no plain file name")
      }
      if positions[fileName] == nil {
        positions[fileName] = shards.count
        shards.append(try shard(fileName))
      }
      let position = positions[fileName] ?? 0
      guard shards[position].stored(tensor) != nil else {
        throw map.error(.missing, tensor, reason: "is not in \(shards[position].name)")
      }
      guard shardOfName.updateValue(position, forKey: tensor) == nil else {
        throw map.error(.malformed, tensor, reason: "two tensors have this name")
      }
    }
    guard !shards.isEmpty else {
      throw index.error(.malformed, "weight_map", reason: "names no tensor")
    }
    try Self.checkDuplicates(shards)
    self.shards = shards
    self.shardOfName = shardOfName
    names = shardOfName.filter { shards[$0.value].info($0.key) != nil }.keys.sorted()
  }

  private static func checkDuplicates(_ shards: [SafeTensorsFile]) throws(CheckpointError) {
    var owner: [String: String] = [:]
    for shard in shards {
      for name in shard.allNames {
        if let other = owner.updateValue(shard.name, forKey: name) {
          throw CheckpointError(
            .malformed, file: shard.name, subject: name.excerpt, reason: "is in \(other) too")
        }
      }
    }
  }

  /// What is known of a tensor; nil where there is none or it cannot be weights.
  public func info(_ name: String) -> TensorInfo? {
    shardOfName[name].flatMap { shards[$0].info(name) }
  }

  /// The weights of a tensor, as a view of its mapped file.
  public func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    guard let shard = shardOfName[name] else {
      throw .missingTensor(name, in: shards[0].name)
    }
    return try shards[shard].matrix(name, rows: rows, columns: columns)
  }
}
