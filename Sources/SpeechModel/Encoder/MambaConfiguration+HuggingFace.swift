public import Checkpoints
public import Foundation

extension MambaConfiguration {
  /// Reads the `config.json` of a public checkpoint whose `model_type` is `mamba` or `mamba2`.
  ///
  /// - Throws: ``CheckpointError`` that names the key: malformed JSON, a missing size, a
  ///   `model_type`, activation or number of groups that is not supported.
  public init(huggingFace json: Data, file: String? = nil) throws(CheckpointError) {
    let keys: Keys
    do {
      keys = try JSONDecoder().decode(Keys.self, from: Self.withoutInfinity(json))
    } catch {
      throw CheckpointError(.malformed, file: file, reason: "is no configuration: \(error)")
    }
    guard let variant = Variant(rawValue: keys.model_type) else {
      throw CheckpointError(
        .unsupported, file: file, subject: "model_type",
        reason: "is \(keys.model_type), expected mamba or mamba2")
    }
    guard keys.hidden_act ?? "silu" == "silu" else {
      throw CheckpointError(
        .unsupported, file: file, subject: "hidden_act",
        reason: "is \(keys.hidden_act ?? ""), expected silu")
    }
    let (inner, overflow) = keys.hidden_size.multipliedReportingOverflow(by: keys.expand ?? 2)
    guard !overflow else {
      throw CheckpointError(.mismatch, file: file, subject: "expand", reason: "is absurd")
    }
    switch variant {
    case .mamba:
      self.init(
        variant: .mamba, width: keys.hidden_size, layers: keys.num_hidden_layers,
        stateSize: keys.state_size ?? 16, kernel: keys.conv_kernel ?? 4,
        innerWidth: keys.intermediate_size ?? inner, timeStepRank: keys.time_step_rank?.number,
        usesBias: keys.use_bias ?? true)
    case .mamba2:
      self.init(
        variant: .mamba2, width: keys.hidden_size, layers: keys.num_hidden_layers,
        stateSize: keys.state_size ?? 128, kernel: keys.conv_kernel ?? 4, innerWidth: inner,
        headSize: keys.head_dim ?? 64, timeStepMinimum: keys.time_step_limit?.first?.number ?? 0,
        timeStepMaximum: keys.time_step_limit?.dropFirst().first?.number,
        usesBias: keys.use_bias ?? false)
    }
    usesConvolutionBias = keys.use_conv_bias ?? true
    epsilon = keys.layer_norm_epsilon ?? 1e-5
    try validate(file: file)
    guard variant == .mamba || keys.n_groups ?? 8 == 1 else {
      throw CheckpointError(
        .unsupported, file: file, subject: "n_groups",
        reason: "is \(keys.n_groups ?? 8), expected 1")
    }
    guard variant == .mamba || keys.num_heads ?? 128 == heads else {
      throw CheckpointError(
        .mismatch, file: file, subject: "num_heads",
        reason: "is \(keys.num_heads ?? 128), expected \(heads) of \(headSize)")
    }
  }

  /// Some writers put a bare `Infinity` into `time_step_limit`, which is no JSON.
  private static func withoutInfinity(_ json: Data) -> Data {
    let text = String(decoding: json, as: UTF8.self)
    return Data(
      text.replacingOccurrences(
        of: #"([\[,:]\s*)Infinity"#, with: "$1null", options: .regularExpression
      ).utf8)
  }

  /// The keys of `config.json` that matter here.
  private struct Keys: Decodable {
    let model_type: String
    let hidden_size: Int
    let num_hidden_layers: Int
    let state_size: Int?
    let conv_kernel: Int?
    let expand: Int?
    let intermediate_size: Int?
    let time_step_rank: Rank?
    let head_dim: Int?
    let num_heads: Int?
    let n_groups: Int?
    let time_step_limit: [Limit]?
    let use_bias: Bool?
    let use_conv_bias: Bool?
    let hidden_act: String?
    let layer_norm_epsilon: Float?
  }

  /// A number, or the text "auto".
  private struct Rank: Decodable {
    let number: Int?

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      number = try? container.decode(Int.self)
      if number == nil, try container.decode(String.self) != "auto" {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected auto")
      }
    }
  }

  /// A number; nil for infinity, which is written as `{"__float__": "Infinity"}` or null.
  private struct Limit: Decodable {
    let number: Float?

    init(from decoder: any Decoder) throws {
      number = try? decoder.singleValueContainer().decode(Float.self)
    }
  }
}
