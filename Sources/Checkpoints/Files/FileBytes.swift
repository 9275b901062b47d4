package import Kernels

/// The bytes of a model file, mapped or in memory, with the name that errors give.
package struct FileBytes: Sendable {
  package let name: String
  package let storage: WeightStorage

  /// Maps a file.
  package init(path: String) throws(CheckpointError) {
    let mapped = try MappedFile(path: path)
    name = path
    storage = WeightStorage(bytes: mapped.bytes, owner: mapped)
  }

  /// Copies bytes.
  package init(_ bytes: [UInt8], name: String) {
    self.name = name
    storage = WeightStorage(count: bytes.count) { memory in
      bytes.withUnsafeBytes { memory.copyMemory(from: $0) }
    }
  }

  package var bytes: UnsafeRawBufferPointer { storage.bytes }
  package var count: Int { storage.bytes.count }
}
