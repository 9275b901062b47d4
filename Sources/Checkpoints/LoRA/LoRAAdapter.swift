import Kernels

/// A LoRA adapter as PEFT saves it: `adapter_config.json` and `adapter_model.safetensors`.
public struct LoRAAdapter: Sendable {
  /// The two factors of one weight's update: W becomes W + scale (left right).
  package struct Update: Sendable {
    package let rows: Int
    package let columns: Int
    package let rank: Int
    package let scale: Float
    /// The first factor, `[rows, rank]`.
    let left: [Float]
    /// The second factor, `[rank, columns]`.
    let right: [Float]
  }

  /// The names of two factors while the file is read.
  private struct Pair {
    var a: String?
    var b: String?
    var isEmbedding = false
  }

  /// The file of the tensors.
  let tensors: SafeTensorsFile
  /// Updates by the name of the base model's weight.
  package let updates: [String: Update]
  /// Names in the adapter's file by the name of the base model's tensor that they replace.
  package let replacements: [String: String]

  /// Reads an adapter's folder.
  ///
  /// - Throws: ``CheckpointError`` where a file is missing or damaged, a pair of factors is not
  ///   complete, or the adapter uses something other than plain LoRA.
  public init(folder: String) throws(CheckpointError) {
    try self.init(
      configuration: JSONObject(contentsOfFile: FilePath.join(folder, "adapter_config.json")),
      tensors: SafeTensorsFile(path: FilePath.join(folder, "adapter_model.safetensors")))
  }

  /// Puts an adapter together from its two files.
  public init(configuration: JSONObject, tensors: SafeTensorsFile) throws(CheckpointError) {
    let configuration = try LoRAConfiguration(configuration)
    var pairs: [String: Pair] = [:]
    var replacements: [String: String] = [:]
    for name in tensors.allNames {
      switch try LoRAName(name, file: tensors.name) {
      case .factor(let module, let isA, let isEmbedding):
        var pair = pairs[module] ?? Pair(isEmbedding: isEmbedding)
        guard (isA ? pair.a : pair.b) == nil, pair.isEmbedding == isEmbedding else {
          throw CheckpointError(
            .malformed, file: tensors.name, subject: name.excerpt,
            reason: "the module has this factor twice")
        }
        if isA { pair.a = name } else { pair.b = name }
        pairs[module] = pair
      case .replacement(let target):
        guard replacements.updateValue(name, forKey: target) == nil else {
          throw CheckpointError(
            .malformed, file: tensors.name, subject: name.excerpt,
            reason: "the tensor is replaced twice")
        }
      }
    }
    var updates: [String: Update] = [:]
    for (module, pair) in pairs.sorted(by: { $0.key < $1.key }) {
      updates["\(module).weight"] = try Self.update(
        module, pair, of: tensors, configuration: configuration)
    }
    self.tensors = tensors
    self.updates = updates
    self.replacements = replacements
  }

  private static func update(
    _ module: String, _ pair: Pair, of tensors: SafeTensorsFile, configuration: LoRAConfiguration
  ) throws(CheckpointError) -> Update {
    guard let aName = pair.a, let bName = pair.b else {
      throw CheckpointError(
        .missing, file: tensors.name, subject: (pair.a ?? pair.b ?? module).excerpt,
        reason: "the other factor of the pair is missing")
    }
    let (a, aShape) = try factor(aName, of: tensors)
    let (b, bShape) = try factor(bName, of: tensors)
    let rank = try configuration.rank(of: module)
    guard aShape[0] == rank, bShape[1] == rank else {
      throw CheckpointError(
        .mismatch, file: tensors.name, subject: module.excerpt,
        reason: "the factors are \(bShape) and \(aShape), but the rank is \(rank)")
    }
    let scale = try configuration.scale(of: module)
    // An embedding is stored [in, out], as a linear map is where the configuration says so.
    if pair.isEmbedding || configuration.isTransposed {
      return Update(
        rows: aShape[1], columns: bShape[0], rank: rank, scale: scale,
        left: transposed(a, rows: rank), right: transposed(b, rows: bShape[0]))
    }
    return Update(
      rows: bShape[0], columns: aShape[1], rank: rank, scale: scale, left: b, right: a)
  }

  private static func factor(
    _ name: String, of tensors: SafeTensorsFile
  ) throws(CheckpointError) -> (values: [Float], shape: [Int]) {
    guard let info = tensors.info(name) else {
      throw CheckpointError(
        .unsupported, file: tensors.name, subject: name.excerpt,
        reason: "\(tensors.stored(name)?.type ?? "") cannot be used as weights")
    }
    guard info.shape.count == 2, !info.shape.contains(0) else {
      throw CheckpointError(
        .unsupported, file: tensors.name, subject: name.excerpt,
        reason: "has shape \(info.shape.prefix(8)), expected two dimensions")
    }
    return (try tensors.values(name, shape: info.shape), info.shape)
  }

  private static func transposed(_ values: [Float], rows: Int) -> [Float] {
    let columns = values.count / rows
    var result: [Float] = []
    result.reserveCapacity(values.count)
    for column in 0..<columns {
      for row in 0..<rows { result.append(values[row * columns + column]) }
    }
    return result
  }
}

/// What a tensor's name in an adapter stands for.
enum LoRAName: Equatable {
  /// A factor, A or B, of the update of a module's weight.
  case factor(module: String, isA: Bool, isEmbedding: Bool)
  /// A tensor that replaces the base model's of this name.
  case replacement(String)

  private static let prefix = "base_model.model."

  init(_ name: String, file: String) throws(CheckpointError) {
    func failure(_ code: CheckpointError.Code, _ reason: String) -> CheckpointError {
      CheckpointError(code, file: file, subject: name.excerpt, reason: reason)
    }
    guard name.hasPrefix(Self.prefix) else {
      throw failure(.unsupported, "the name does not begin with \(Self.prefix)")
    }
    let words = name.dropFirst(Self.prefix.count)
      .split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let unsupported = ["lora_magnitude_vector": "DoRA is", "token_adapter": "trainable tokens are"]
    for word in words {
      if let kind = unsupported[word] { throw failure(.unsupported, "\(kind) not supported") }
    }
    let factors = ["lora_A", "lora_B", "lora_embedding_A", "lora_embedding_B"]
    guard let place = words.firstIndex(where: factors.contains) else {
      self = .replacement(Self.plainName(words))
      return
    }
    // After the factor comes, in whole checkpoints of a training, the adapter's name.
    let isEmbedding = words[place].hasPrefix("lora_embedding")
    let ending = words[(place + 1)...]
    let isLegal =
      isEmbedding ? ending.count <= 1 : ending.last == "weight" && (1...2).contains(ending.count)
    guard place > 0, isLegal else {
      throw failure(.unsupported, "is no factor of plain LoRA")
    }
    self = .factor(
      module: words[..<place].joined(separator: "."), isA: words[place].hasSuffix("A"),
      isEmbedding: isEmbedding)
  }

  /// The base model's name: without `modules_to_save.<adapter>` and `base_layer`.
  private static func plainName(_ words: [String]) -> String {
    var words = words
    if let place = words.firstIndex(of: "modules_to_save"), place + 2 < words.count {
      words.removeSubrange(place..<place + 2)
    }
    words.removeAll { $0 == "base_layer" }
    return words.joined(separator: ".")
  }
}
