public import Checkpoints
import Foundation
public import Kernels

/// Writes a model anew with weights in another number format.
///
/// Matrices whose rows are whole blocks take the format asked for; vectors, small matrices and
/// what a recurrence is sensitive to stay in single precision. Adapters are merged.
public struct BundleConversion: Sendable {
  /// The format of encoder, language model and speech-token model: what is limited by memory.
  public var type: ElementType
  /// The format of flow decoder and vocoder: computed in single precision whatever they are in.
  public var synthesizerType: ElementType

  /// Chooses the formats: `F32`, `F16`, `BF16`, `Q8_0` or `Q4_0`.
  ///
  /// - Throws: `CheckpointError` for a format that can only be read.
  public init(
    type: ElementType, synthesizerType: ElementType = .float16
  ) throws(CheckpointError) {
    for type in [type, synthesizerType] where [.q4_K, .q5_K, .q6_K].contains(type) {
      throw CheckpointError(
        .unsupported, subject: type.rawValue, reason: "is a format that is read, not written")
    }
    self.type = type
    self.synthesizerType = synthesizerType
  }

  /// Writes a bundle, a Hugging Face folder or a GGUF file as a folder of the same kind (a GGUF
  /// file as a Hugging Face folder).
  ///
  /// - Throws: `CheckpointError` where the input is wrong, or the output cannot be written or
  ///   exists already.
  public func convert(_ path: String, to folder: String) throws(CheckpointError) {
    guard !FilePath.exists(folder) else {
      throw CheckpointError(.unreadable, file: folder, reason: "exists already; name a new folder")
    }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw CheckpointError(.unreadable, file: folder, reason: "cannot be made")
    }
    if FilePath.exists(FilePath.join(path, "manifest.json")) {
      try convert(try ModelBundle(path: path), to: folder)
    } else {
      let files = try LanguageFiles(path: path)
      try convert(files, to: folder, weights: "model.safetensors", config: "config.json")
      let tokenizer = FilePath.join(path, "tokenizer.json")
      if FilePath.exists(tokenizer) {
        try copy(tokenizer, to: folder, as: "tokenizer.json")
      } else if let own = try files.tokenizerFile() {
        try write(own, to: folder, as: "tokenizer.json")
      }
    }
  }

  private func convert(_ bundle: ModelBundle, to folder: String) throws(CheckpointError) {
    var manifest = bundle.manifest
    manifest.language.weights = "language.safetensors"
    manifest.language.config = "language.json"
    manifest.language.adapters = []
    let files = try bundle.languageFiles()
    if let tokenizer = bundle.file(manifest.language.tokenizer) {
      manifest.language.tokenizer = "tokenizer.json"
      try copy(tokenizer, to: folder, as: manifest.language.tokenizer)
    } else if let own = try files.tokenizerFile() {
      manifest.language.tokenizer = "tokenizer.json"
      try write(own, to: folder, as: manifest.language.tokenizer)
    }
    try convert(
      files, to: folder, weights: manifest.language.weights,
      config: manifest.language.config)

    let parts: [(WritableKeyPath<ModelManifest, String>, String, String, ElementType)] = [
      (\.encoder.weights, "encoder.weights", "encoder.safetensors", type),
      (\.synthesizer.weights, "synthesizer.weights", "speech-tokens.safetensors", type),
      (\.synthesizer.flow, "synthesizer.flow", "flow.safetensors", synthesizerType),
      (\.synthesizer.vocoder, "synthesizer.vocoder", "vocoder.safetensors", synthesizerType),
    ]
    for (key, setting, name, type) in parts {
      let source = try bundle.source(bundle.manifest[keyPath: key], setting: setting)
      try write(source, names: source.names, to: FilePath.join(folder, name), as: type)
      manifest[keyPath: key] = name
    }
    for (key, name) in [
      (\ModelManifest.synthesizer.config, "speech-tokens.json"),
      (\ModelManifest.synthesizer.voice, "voice.safetensors"),
    ] {
      if let file = bundle.file(manifest[keyPath: key]) {
        try copy(file, to: folder, as: name)
        manifest[keyPath: key] = name
      }
    }
    try manifest.write(to: folder)
  }

  private func convert(
    _ files: LanguageFiles, to folder: String, weights: String, config: String
  ) throws(CheckpointError) {
    // Only what the model needs: files may carry buffers and heads of other uses.
    let needed = files.configuration.tensorShapes()
    try write(
      files.source, names: files.source.names.filter { needed[$0] != nil },
      to: FilePath.join(folder, weights), as: type)
    try write(files.json, to: folder, as: config)
  }

  private func write(
    _ json: JSONObject, to folder: String, as name: String
  ) throws(CheckpointError) {
    try OutputFile.write(JSONValue.object(json).encoded(), to: FilePath.join(folder, name))
  }

  private func copy(_ file: String, to folder: String, as name: String) throws(CheckpointError) {
    do {
      try FileManager.default.copyItem(atPath: file, toPath: FilePath.join(folder, name))
    } catch {
      throw CheckpointError(
        .unreadable, file: file, reason: "cannot be copied to \(FilePath.join(folder, name))")
    }
  }

  private func write(
    _ source: any TensorSource, names: [String], to path: String, as type: ElementType
  ) throws(CheckpointError) {
    var plan: [(name: String, shape: [Int], type: ElementType)] = []
    for name in names {
      guard let info = source.info(name) else { continue }
      plan.append((name, info.shape, Self.storedType(for: name, info, asked: type)))
    }
    var declarations: [SafeTensorsWriter.Declaration] = []
    for (name, shape, type) in plan {
      declarations.append(try .init(name, type: type, shape: shape))
    }
    var writer = try SafeTensorsWriter(path: path, tensors: declarations)
    for (name, shape, type) in plan {
      let rows = shape.count > 1 ? shape[0] : 1
      let columns = (shape.count > 1 ? shape.dropFirst() : shape[...]).reduce(1, *)
      let weights = try source.matrix(name, rows: rows, columns: columns)
      guard weights.type != type else {
        try writer.append(weights)
        continue
      }
      let values = Dequantization.values(of: weights)
      do {
        try writer.append(
          Quantization.quantize(values, rows: rows, columns: columns, to: type))
      } catch let error as CheckpointError {
        throw error
      } catch {
        throw CheckpointError(
          .mismatch, file: path, subject: name, reason: "cannot become \(type.rawValue): \(error)")
      }
    }
    try writer.finish()
  }

  /// The format in which a tensor is written.
  package static func storedType(for name: String, _ info: TensorInfo, asked: ElementType)
    -> ElementType
  {
    let columns = info.shape.dropFirst().reduce(1, *)
    let isSensitive =
      name.hasSuffix("A_log") || name.contains("pos_bias") || name.contains("original")
      || name.hasSuffix("_g") || name.hasSuffix("_v")
    guard info.shape.count > 1, info.shape[0] >= 16, columns >= 16, !isSensitive else {
      return .float32
    }
    return columns % asked.blockElements == 0 ? asked : .float16
  }
}

extension ModelManifest {
  /// Writes `manifest.json` into a folder.
  package func write(to folder: String) throws(CheckpointError) {
    let path = FilePath.join(folder, "manifest.json")
    let text = JSONValue.object(try json())
    try OutputFile.write(text.encoded(), to: path)
  }
}
