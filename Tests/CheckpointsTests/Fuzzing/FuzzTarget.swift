import Checkpoints
import Kernels
import TestSupport

/// A format whose reader is fed damaged files.
enum FuzzTarget: String, CaseIterable, Codable, Sendable {
  case json
  case tokenizer
  case safetensors
  case quantized
  case sharded
  case gguf
  case adapter

  /// The names of the files that a mutant consists of; one of them is damaged.
  var fileNames: [String] {
    switch self {
    case .json: ["config.json"]
    case .tokenizer: ["tokenizer.json"]
    case .safetensors, .quantized: ["model.safetensors"]
    case .sharded: ["model.safetensors.index.json", "1.safetensors", "2.safetensors"]
    case .gguf: ["model.gguf"]
    case .adapter: ["adapter_config.json", "adapter_model.safetensors"]
    }
  }

  /// The files undamaged.
  func samples() throws -> [[UInt8]] {
    switch self {
    case .json: [try contents(golden("sharded/config.json"))]
    case .tokenizer: [Array(FuzzSamples.tokenizer.utf8)]
    case .safetensors: [FuzzSamples.safetensors]
    case .quantized: [FuzzSamples.quantized]
    case .sharded: [FuzzSamples.index, FuzzSamples.safetensors, FuzzSamples.quantized]
    case .gguf: [FuzzSamples.gguf]
    case .adapter:
      [
        try contents(golden("lora-patterns/adapter_config.json")),
        try contents(golden("lora-patterns/adapter_model.safetensors")),
      ]
    }
  }

  /// Opens a mutant and reads all there is in it.
  func open(_ files: [[UInt8]]) throws(CheckpointError) {
    switch self {
    case .json, .tokenizer:
      let value = try JSONValue(parsing: files[0], file: fileNames[0])
      // What was read can be written and read again.
      let again = try JSONValue(parsing: value.encoded(), file: fileNames[0])
      guard again == value else { throw CheckpointError(.malformed, reason: "") }
      if let object = value.objectValue { try FuzzReading.touch(object) }
    case .safetensors, .quantized:
      try FuzzReading.touch(SafeTensorsFile(bytes: files[0], name: fileNames[0]))
    case .sharded:
      let source = try ShardedSafeTensors(index: files[0], name: fileNames[0]) {
        (name) throws(CheckpointError) in
        guard let index = fileNames.dropFirst().firstIndex(of: name) else {
          throw CheckpointError(.missing, file: name, reason: "there is no such file")
        }
        return try SafeTensorsFile(bytes: files[index], name: name)
      }
      try FuzzReading.touchTensors(of: source)
    case .gguf: try FuzzReading.touch(GGUFFile(bytes: files[0], name: fileNames[0]))
    case .adapter:
      let adapter = try LoRAAdapter(
        configuration: JSONObject(parsing: files[0], file: fileNames[0]),
        tensors: SafeTensorsFile(bytes: files[1], name: fileNames[1]))
      try FuzzReading.touchTensors(
        of: LoRAMergedSource(
          base: FilledTensors(shapes: LoRAMergedSourceTests.shapes), adapters: [adapter]))
    }
  }
}

/// Reads everything of an open file.
enum FuzzReading {
  static func touchTensors(of source: any TensorSource) throws(CheckpointError) {
    for name in source.names {
      guard let shape = source.info(name)?.shape else { continue }
      let rows = shape.count > 1 ? shape[0] : 1
      let columns = shape.dropFirst(shape.count > 1 ? 1 : 0).reduce(1, *)
      let bytes = try source.matrix(name, rows: rows, columns: columns).bytes
      if let first = bytes.first, let last = bytes.last { sink = sink &+ first &+ last }
    }
  }

  static func touch(_ file: SafeTensorsFile) throws(CheckpointError) {
    try touchTensors(of: file)
    for name in file.allNames where file.info(name) == nil {
      do { _ = try file.integers(name) } catch  where error.code == .unsupported {}
    }
  }

  static func touch(_ file: GGUFFile) throws(CheckpointError) {
    try touchTensors(of: file)
    for key in file.metadata.keys.sorted() {
      if case .array(let array) = file.metadata[key] { _ = try array.values() }
    }
    let model = try LlamaGGUF(file)
    try touchTensors(of: model)
    _ = try model.tokenizer()
  }

  static func touch(_ object: JSONObject) throws(CheckpointError) {
    for (key, value) in object {
      _ = try object.value(key)
      switch value {
      case .object: try touch(object.object(key))
      case .array:
        if let objects = try? object.objects(key) {
          for element in objects { try touch(element) }
        }
      default: break
      }
    }
  }

  // Keeps the reads from being optimised away; only the one thread of a child process writes.
  nonisolated(unsafe) static var sink: UInt8 = 0
}
