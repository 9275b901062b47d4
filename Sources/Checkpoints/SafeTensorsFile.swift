import Foundation
public import Kernels

/// Provisional reader, to be replaced by the memory-mapped and validated one under the same face.
public final class SafeTensorsFile: TensorSource {
  private struct Entry: Sendable {
    let info: TensorInfo
    let offset: Int
  }
  private let path: String
  private let storage: WeightStorage
  private let entries: [String: Entry]

  /// Opens a file.
  public init(path: String) throws(CheckpointError) {
    self.path = path
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CheckpointError(.unreadable, file: path, reason: "cannot be read")
    }
    let n = Int(data.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
    guard
      let object = try? JSONSerialization.jsonObject(with: data[8..<8 + n]) as? [String: Any]
    else { throw CheckpointError(.malformed, file: path, reason: "header is no JSON object") }
    var entries: [String: Entry] = [:]
    for (name, value) in object where name != "__metadata__" {
      guard let value = value as? [String: Any], let type = value["dtype"] as? String,
        let shape = value["shape"] as? [Int], let offsets = value["data_offsets"] as? [Int],
        let type = ElementType(rawValue: type)
      else { throw CheckpointError(.malformed, file: path, subject: name, reason: "bad entry") }
      entries[name] = Entry(info: TensorInfo(type: type, shape: shape), offset: 8 + n + offsets[0])
    }
    self.entries = entries
    storage = WeightStorage(count: data.count) { memory in
      data.withUnsafeBytes { memory.copyMemory(from: $0) }
    }
  }

  /// All names, sorted.
  public var names: [String] { entries.keys.sorted() }

  /// What is known of a tensor.
  public func info(_ name: String) -> TensorInfo? { entries[name]?.info }

  /// The weights of a tensor.
  public func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    guard let entry = entries[name] else { throw .missingTensor(name, in: path) }
    guard entry.info.shape.reduce(1, *) == rows * columns else {
      throw .wrongShape(name, found: entry.info.shape, expected: [rows, columns], in: path)
    }
    return WeightMatrix(
      rows: rows, columns: columns, type: entry.info.type, storage: storage,
      byteOffset: entry.offset)
  }
}
