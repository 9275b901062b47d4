/// What the `adapter_config.json` of a LoRA adapter says.
struct LoRAConfiguration: Sendable {
  private let object: JSONObject
  private let rank: Int
  private let alpha: Double
  private let usesRootOfRank: Bool
  /// Whether the adapted weights are stored `[in, out]`.
  let isTransposed: Bool

  init(_ object: JSONObject) throws(CheckpointError) {
    self.object = object
    let kind = try object.string("peft_type")
    guard kind == "LORA" else {
      throw object.error(
        .unsupported, "peft_type", reason: "is \"\(kind.excerpt)\", expected \"LORA\"")
    }
    rank = try object.integer("r", in: 1...1_000_000)
    alpha = try object.number("lora_alpha")
    usesRootOfRank = try object.optionalBool("use_rslora") ?? false
    isTransposed = try object.optionalBool("fan_in_fan_out") ?? false
    try Self.checkSupport(object)
    for key in ["rank_pattern", "alpha_pattern"] {
      for (pattern, _) in try object.optionalObject(key) ?? JSONObject() {
        let values = try object.object(key)
        if key == "rank_pattern" {
          _ = try values.integer(pattern, in: 1...1_000_000)
        } else {
          _ = try values.number(pattern)
        }
        guard ModulePattern(pattern) != nil else {
          throw values.error(
            .unsupported, pattern, reason: "the regular expression is beyond what is supported")
        }
      }
    }
  }

  /// What would change the meaning of the tensors must be off.
  private static func checkSupport(_ object: JSONObject) throws(CheckpointError) {
    let bias = try object.optionalString("bias") ?? "none"
    guard bias == "none" else {
      throw object.error(.unsupported, "bias", reason: "is \"\(bias.excerpt)\", expected \"none\"")
    }
    let mustBeOff = [
      "use_dora", "use_qalora", "lora_bias", "layer_replication", "target_parameters",
      "trainable_token_indices", "alora_invocation_tokens", "arrow_config", "use_bdlora",
      "kasa_config", "monteclora_config", "velora_config",
    ]
    for key in mustBeOff {
      switch object.optionalValue(key) {
      case nil, .bool(false), .array([]): continue
      default: throw object.error(.unsupported, key, reason: "is not supported")
      }
    }
    // These begin by changing the base weights, so that the adapter fits no published ones.
    if case .string(let method) = object["init_lora_weights"],
      ["pissa", "olora", "corda", "lora_ga"].contains(where: { method.hasPrefix($0) })
    {
      throw object.error(
        .unsupported, "init_lora_weights",
        reason: "\"\(method.excerpt)\" changes the base weights; convert the adapter to plain LoRA")
    }
    switch object.optionalValue("target_modules") {
    case nil, .string: break
    default: _ = try object.strings("target_modules")
    }
    _ = try object.optionalStrings("modules_to_save")
  }

  private func pattern(_ key: String, for module: String) throws(CheckpointError) -> Double? {
    guard let values = try object.optionalObject(key) else { return nil }
    for (pattern, _) in values where ModulePattern(pattern)?.matches(module) == true {
      return try values.number(pattern)
    }
    return nil
  }

  /// The rank of a module.
  func rank(of module: String) throws(CheckpointError) -> Int {
    try pattern("rank_pattern", for: module).map { Int($0) } ?? rank
  }

  /// What the product B A of a module is multiplied by.
  func scale(of module: String) throws(CheckpointError) -> Float {
    let rank = Double(try rank(of: module))
    let alpha = try pattern("alpha_pattern", for: module) ?? alpha
    return Float(alpha / (usesRootOfRank ? rank.squareRoot() : rank))
  }
}
