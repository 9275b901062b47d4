public import Kernels

/// A Llama or Qwen2 model in a GGUF file, under the tensor names and the row order of its public
/// Hugging Face checkpoint.
///
/// In files of the architecture "llama" the rows of the query and key projections are permuted
/// within each head, so that rotary pairs are neighbours: row 2i + s of the file is row s hd/2 + i.
/// They are put back here, whole rows at a time, quantised or not, in a copy on the heap; all
/// other tensors are views of the mapped file.
public final class LlamaGGUF: TensorSource {
  /// The file.
  public let file: GGUFFile
  /// The model's shape, with the keys of a Hugging Face `config.json`.
  public let configuration: JSONObject
  /// What the rotary frequencies are to be divided by, one for each pair of a head; nil where the
  /// file has none.
  public let ropeDivisors: [Float]?
  /// All names, sorted.
  public let names: [String]

  private struct Origin {
    let name: String
    /// The number of heads whose rows are permuted; 0 for none.
    let permutedHeads: Int
  }
  private let origins: [String: Origin]

  /// Opens a file.
  public convenience init(path: String) throws(CheckpointError) {
    try self.init(GGUFFile(path: path))
  }

  /// Presents an open file.
  ///
  /// - Throws: ``CheckpointError`` where the file is of another architecture, lacks a size, or has
  ///   a tensor that such a model does not have.
  public init(_ file: GGUFFile) throws(CheckpointError) {
    let sizes = try LlamaGGUFSizes(file)
    var origins: [String: Origin] = [:]
    for name in file.allNames where name != Self.ropeName {
      guard let (publicName, part) = Self.publicName(name, layers: sizes.layers) else {
        throw file.error(
          .unsupported, name, "is no tensor of a \(sizes.architecture) model")
      }
      var heads = 0
      if sizes.architecture == "llama" {
        heads = part == "attn_q" ? sizes.heads : part == "attn_k" ? sizes.keyValueHeads : 0
      }
      if heads > 0 {
        guard let rows = file.stored(name)?.shape.first, rows == heads * sizes.headSize else {
          throw file.error(
            .mismatch, name,
            "has shape \(file.stored(name)?.shape ?? []), expected \(heads * sizes.headSize) rows")
        }
      }
      origins[publicName] = Origin(name: name, permutedHeads: heads)
    }
    self.file = file
    self.origins = origins
    names = origins.filter { file.info($0.value.name) != nil }.keys.sorted()
    configuration = try sizes.configuration(of: file)
    let pairs = sizes.headSize / 2
    ropeDivisors = try file.optionalVector(Self.ropeName, count: pairs)
  }

  private static let ropeName = "rope_freqs.weight"

  private static let parts = [
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
  ]

  /// The public name and the part of a layer that a file's name stands for.
  private static func publicName(
    _ name: String, layers: Int
  ) -> (name: String, part: String)? {
    switch name {
    case "token_embd.weight": return ("model.embed_tokens.weight", "")
    case "output_norm.weight": return ("model.norm.weight", "")
    case "output.weight": return ("lm_head.weight", "")
    default: break
    }
    let words = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard words.count == 4, words[0] == "blk", let layer = Int(words[1]), String(layer) == words[1],
      (0..<layers).contains(layer), let part = parts[words[2]],
      words[3] == "weight" || words[3] == "bias"
    else { return nil }
    return ("model.layers.\(layer).\(part).\(words[3])", words[2])
  }

  /// The tokenizer that the file carries.
  public func tokenizer() throws(CheckpointError) -> GGUFTokenizer { try GGUFTokenizer(file) }

  /// What is known of a tensor; nil where there is none of this name.
  public func info(_ name: String) -> TensorInfo? {
    origins[name].flatMap { file.info($0.name) }
  }

  /// The weights of a tensor.
  public func matrix(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> WeightMatrix {
    guard let origin = origins[name] else { throw .missingTensor(name, in: file.name) }
    let weights = try file.matrix(origin.name, rows: rows, columns: columns)
    guard origin.permutedHeads > 0, let total = info(name)?.shape.first else { return weights }
    return Self.restoringRows(weights, count: total, heads: origin.permutedHeads)
  }

  /// Copies weights of `count` rows, whatever their view, and puts the rows of each head back.
  private static func restoringRows(
    _ weights: WeightMatrix, count: Int, heads: Int
  ) -> WeightMatrix {
    let half = count / heads / 2
    let source = weights.bytes
    let rowBytes = source.count / max(count, 1)
    let storage = WeightStorage(count: source.count) { target in
      for row in 0..<count {
        let (head, inside) = (row / (2 * half), row % (2 * half))
        let origin = head * 2 * half + 2 * (inside % half) + inside / half
        let bytes = UnsafeRawBufferPointer(
          rebasing: source[origin * rowBytes..<(origin + 1) * rowBytes])
        UnsafeMutableRawBufferPointer(rebasing: target[(row * rowBytes)...])
          .copyMemory(from: bytes)
      }
    }
    return WeightMatrix(
      rows: weights.rows, columns: weights.columns, type: weights.type, storage: storage)
  }
}
