public import Checkpoints
import Foundation

extension MambaConfiguration {
  /// Reads the `config.json` of a public checkpoint whose `model_type` is `mamba` or `mamba2`.
  ///
  /// - Throws: `CheckpointError` that names the key: a missing size, a `model_type`, activation or
  ///   number of groups that is not supported.
  public init(json: JSONObject) throws(CheckpointError) {
    let type = try json.string("model_type")
    guard let variant = Variant(rawValue: type) else {
      throw json.error(
        .unsupported, "model_type", reason: "is \"\(type)\", expected \"mamba\" or \"mamba2\"")
    }
    let activation = try json.optionalString("hidden_act") ?? "silu"
    guard activation == "silu" else {
      throw json.error(
        .unsupported, "hidden_act", reason: "is \"\(activation)\", expected \"silu\"")
    }
    // Wide enough for any model, narrow enough that no product of sizes overflows.
    let sizes = 1...1 << 17
    func size(_ key: String, _ usual: Int) throws(CheckpointError) -> Int {
      try json.optionalInteger(key, in: sizes) ?? usual
    }
    let width = try json.integer("hidden_size", in: sizes)
    let layers = try json.integer("num_hidden_layers", in: 1...1024)
    let inner = try size("expand", 2) * width
    let kernel = try size("conv_kernel", 4)
    switch variant {
    case .mamba:
      self.init(
        variant: .mamba, width: width, layers: layers, stateSize: try size("state_size", 16),
        kernel: kernel, innerWidth: try size("intermediate_size", inner),
        timeStepRank: try Self.rank(json), usesBias: try json.optionalBool("use_bias") ?? true)
    case .mamba2:
      let limits = try json.optionalArray("time_step_limit") ?? []
      self.init(
        variant: .mamba2, width: width, layers: layers, stateSize: try size("state_size", 128),
        kernel: kernel, innerWidth: inner, headSize: try size("head_dim", 64),
        timeStepMinimum: Float(limits.first?.numberValue ?? 0),
        timeStepMaximum: limits.dropFirst().first?.numberValue.map { Float($0) },
        usesBias: try json.optionalBool("use_bias") ?? false)
    }
    usesConvolutionBias = try json.optionalBool("use_conv_bias") ?? true
    epsilon = Float(try json.optionalNumber("layer_norm_epsilon") ?? 1e-5)
    try validate()
    guard variant == .mamba2 else { return }
    // The class's own defaults, which files leave out.
    let groups = try size("n_groups", 8)
    guard groups == 1 else {
      throw json.error(.unsupported, "n_groups", reason: "is \(groups), expected 1")
    }
    let found = try size("num_heads", 128)
    guard found == heads else {
      throw json.error(
        .mismatch, "num_heads", reason: "is \(found), expected \(heads) of \(headSize)")
    }
  }

  /// A number; nil for "auto", a sixteenth of the width.
  private static func rank(_ json: JSONObject) throws(CheckpointError) -> Int? {
    switch json.optionalValue("time_step_rank") {
    case nil, .string("auto"): nil
    default: try json.integer("time_step_rank", in: 1...1 << 17)
    }
  }

  /// Reads a text whose writer may have put a bare `Infinity` into `time_step_limit`.
  ///
  /// That is no JSON; it becomes null, no limit. Everything else is read strictly.
  package static func readLeniently(
    _ bytes: [UInt8], file: String
  ) throws(CheckpointError) -> JSONObject {
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.contains("Infinity") else { return try JSONObject(parsing: bytes, file: file) }
    let plain = text.replacingOccurrences(
      of: #"([\[,:]\s*)Infinity"#, with: "$1null", options: .regularExpression)
    return try JSONObject(parsing: Array(plain.utf8), file: file)
  }
}
