public import Checkpoints
public import Kernels
import Tokenization

/// What is in a model: a bundle, a Hugging Face folder, a PEFT folder, or a single file.
public struct ModelSummary: Sendable {
  /// What was found at the path.
  public enum Kind: String, Sendable {
    /// A folder with `manifest.json`.
    case bundle
    /// A folder with `config.json` and safetensors.
    case huggingFace = "Hugging Face model"
    /// A folder with `adapter_config.json`.
    case adapter = "LoRA adapter"
    /// A `.gguf` file.
    case gguf = "GGUF file"
    /// A safetensors file, index, or folder without a configuration.
    case tensors = "safetensors"
    /// A `tokenizer.json`.
    case tokenizer
  }

  /// One part of a model.
  public struct Part: Sendable {
    /// The part's name.
    public let name: String
    /// Its sizes in a few words.
    public let shape: String
    /// Its tensors by name, sorted.
    public let tensors: [(name: String, info: TensorInfo)]
    /// What it remembers at most while it runs, in bytes: states and caches at their capacity.
    public let stateByteCount: Int
    /// Tensors that it needs and that are missing or have another shape, one line each.
    public let faults: [String]

    /// The number of weights.
    public var parameters: Int { tensors.reduce(0) { $0 + $1.info.shape.reduce(1, *) } }

    /// The size of the weights in bytes.
    public var byteCount: Int { tensors.reduce(0) { $0 + $1.info.byteCount } }

    /// The bytes of each number format, largest first.
    public var types: [(type: ElementType, byteCount: Int)] {
      ElementType.allCases.compactMap { type in
        let count = tensors.filter { $0.info.type == type }.reduce(0) { $0 + $1.info.byteCount }
        return count > 0 ? (type, count) : nil
      }.sorted { $0.byteCount > $1.byteCount }
    }
  }

  /// What was found at the path.
  public let kind: Kind
  /// The model's own name, or the path.
  public let name: String
  /// The parts, in the order of the data's way through the model.
  public let parts: [Part]
  /// What else there is to say, one line each.
  public let notes: [String]

  /// The bytes that running it needs: weights, states and caches at their capacity.
  public var memoryByteCount: Int {
    parts.reduce(0) { $0 + $1.byteCount + $1.stateByteCount }
  }

  /// Looks at a path; reads headers and configurations, not weights.
  ///
  /// - Throws: `CheckpointError` that names the file and what is wrong with it.
  public init(path: String) throws(CheckpointError) {
    func has(_ name: String) -> Bool { FilePath.exists(FilePath.join(path, name)) }
    if !FilePath.exists(path) {
      throw CheckpointError(.unreadable, file: path, reason: "there is no such file or folder")
    } else if has("manifest.json") {
      self = try Self.bundle(path)
    } else if has("adapter_config.json") {
      self = try Self.adapter(path)
    } else if has("config.json") {
      self = try Self.huggingFace(path)
    } else if path.hasSuffix(".gguf") {
      self = try Self.gguf(path)
    } else if path.hasSuffix("tokenizer.json") {
      self = try Self.tokenizer(path)
    } else {
      self.init(
        kind: .tensors, name: path, parts: [Part("tensors", "", in: try SafeTensors.open(path))])
    }
  }

  init(kind: Kind, name: String, parts: [Part], notes: [String] = []) {
    self.kind = kind
    self.name = name
    self.parts = parts
    self.notes = notes
  }
}

extension ModelSummary.Part {
  /// The tensors of a source, compared with those that a configuration needs, if any.
  init(
    _ name: String, _ shape: String, in source: any TensorSource, needs: [String: [Int]] = [:],
    only prefix: String = "", stateByteCount: Int = 0
  ) {
    let names =
      needs.isEmpty
      ? source.names.filter { $0.hasPrefix(prefix) }
      : needs.keys.sorted().filter { source.info($0) != nil }
    let tensors = names.compactMap { name in source.info(name).map { (name, $0) } }
    let faults = needs.sorted { $0.key < $1.key }.compactMap { name, shape -> String? in
      guard let found = source.info(name) else { return "\(name) is missing, expected \(shape)" }
      return found.shape == shape ? nil : "\(name) has shape \(found.shape), expected \(shape)"
    }
    self.init(
      name: name, shape: shape, tensors: tensors, stateByteCount: stateByteCount, faults: faults)
  }
}

extension TensorInfo {
  /// The size of the tensor in bytes; blocks run along all but the first dimension.
  public var byteCount: Int {
    let rows = shape.count > 1 ? shape[0] : 1
    let columns = (shape.count > 1 ? shape.dropFirst() : shape[...]).reduce(1, *)
    return type.byteCount(rows: rows, columns: columns) ?? 0
  }
}
