import Checkpoints
import Foundation
package import Kernels
import SpeechModel

/// A bundle whose weights are random and of a size that keeps activations finite.
package struct RandomBundle {
  let shape: Shape.Sizes
  let type: ElementType
  let synthesizerType: ElementType
  let seed: UInt64

  /// Describes a bundle.
  ///
  /// - Parameters:
  ///   - shape: The sizes of every part.
  ///   - type: The number format of encoder, language model and speech-token model.
  ///   - synthesizerType: The number format of flow decoder and vocoder.
  ///   - seed: Where the random numbers start.
  package init(
    shape: Shape.Sizes, type: ElementType, synthesizerType: ElementType = .float16, seed: UInt64 = 1
  ) {
    (self.shape, self.type) = (shape, type)
    (self.synthesizerType, self.seed) = (synthesizerType, seed)
  }

  /// Writes the files of the bundle into a folder that is there.
  package func write(to folder: String) throws {
    func path(_ name: String) -> String { "\(folder)/\(name)" }
    var manifest = shape.manifest
    let language = try LlamaConfiguration(json: shape.language)
    let speech = try LlamaConfiguration(json: shape.speechTokens)
    manifest.language.weights = "language.gguf"
    manifest.language.tokenizer = ""
    // The first two of the reserved special tokens, where there are as many.
    (manifest.language.think, manifest.language.shift) =
      language.vocabularySize > 128_003 ? ("128002", "128003") : ("1", "2")
    try writeGGUF(language, to: path(manifest.language.weights))

    let section = manifest.encoder
    try writeTensors(
      section.configuration.tensorShapes().merging(
        section.connector(languageWidth: language.hiddenSize).tensorShapes()
      ) { $1 },
      to: path(section.weights), as: type)

    let synthesizer = manifest.synthesizer
    try Data(JSONValue.object(shape.speechTokens).encoded()).write(
      to: URL(filePath: path(synthesizer.config)))
    let tokens = try SpeechTokenConfiguration(
      transformer: speech, codes: synthesizer.flowConfiguration.codes,
      textChunk: synthesizer.textChunk, speechChunk: synthesizer.speechChunk, mode: synthesizer.mode
    )
    try writeTensors(
      tokens.tensorShapes().merging(
        HiddenConnector.tensorShapes(
          inputs: language.hiddenSize, inner: synthesizer.connectorWidth,
          outputs: speech.hiddenSize)
      ) { $1 },
      to: path(synthesizer.weights), as: type)
    try writeTensors(
      synthesizer.flowConfiguration.tensorShapes, to: path(synthesizer.flow), as: synthesizerType)
    let vocoder = synthesizer.vocoderConfiguration.tensorShapes
    let folded = Dictionary(
      uniqueKeysWithValues: vocoder.normalised.map { ("\($0.key).weight", $0.value) })
    try writeTensors(
      vocoder.plain.merging(folded) { $1 }, to: path(synthesizer.vocoder), as: synthesizerType)
    try writeVoice(synthesizer.flowConfiguration, to: path(synthesizer.voice))
    try manifest.write(to: folder)
  }

  private func writeTensors(
    _ shapes: [String: [Int]], to path: String, as type: ElementType
  ) throws {
    let plan = shapes.sorted { $0.key < $1.key }.map { name, shape in
      let info = TensorInfo(type: .float32, shape: shape)
      return (name, shape, BundleConversion.storedType(for: name, info, asked: type))
    }
    var writer = try SafeTensorsWriter(
      path: path,
      tensors: try plan.map { try SafeTensorsWriter.Declaration($0, type: $2, shape: $1) })
    for (name, shape, type) in plan { try writer.append(weights(name, shape, type)) }
    try writer.finish()
  }

  private func writeGGUF(_ sizes: LlamaConfiguration, to path: String) throws {
    let plan = sizes.tensorShapes().sorted { $0.key < $1.key }.map { name, shape in
      let info = TensorInfo(type: .float32, shape: shape)
      return (name, shape, BundleConversion.storedType(for: name, info, asked: type))
    }
    let metadata: [(String, GGUFValue)] = [
      ("general.architecture", .string("llama")),
      ("llama.vocab_size", .uint32(UInt32(sizes.vocabularySize))),
      ("llama.context_length", .uint32(UInt32(sizes.maximumPositions))),
      ("llama.embedding_length", .uint32(UInt32(sizes.hiddenSize))),
      ("llama.block_count", .uint32(UInt32(sizes.layers))),
      ("llama.feed_forward_length", .uint32(UInt32(sizes.intermediateSize))),
      ("llama.attention.head_count", .uint32(UInt32(sizes.heads))),
      ("llama.attention.head_count_kv", .uint32(UInt32(sizes.keyValueHeads))),
      ("llama.attention.layer_norm_rms_epsilon", .float32(sizes.normEpsilon)),
      ("llama.rope.freq_base", .float32(Float(sizes.rotary.base))),
    ]
    var writer = try GGUFWriter(
      path: path, metadata: metadata,
      tensors: try plan.map { try GGUFWriter.Declaration(Self.ggufName($0), type: $2, shape: $1) })
    for (name, shape, type) in plan { try writer.append(weights(name, shape, type)) }
    try writer.finish()
  }

  /// The name in a GGUF file of a tensor with a Hugging Face name.
  private static func ggufName(_ name: String) -> String {
    let parts = [
      ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"),
      ("model.layers.", "blk."), ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"),
      ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
      ("post_attention_layernorm", "ffn_norm"), ("input_layernorm", "attn_norm"),
      ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
    ]
    return parts.reduce(name) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
  }

  /// A voice of one mask chunk and the look-ahead.
  private func writeVoice(_ flow: FlowConfiguration, to path: String) throws {
    let count = flow.chunk + flow.lookahead
    let frames = flow.upsampling * count
    var random = SeededRandom(seed: seed)
    var writer = try SafeTensorsWriter(
      path: path,
      tensors: [
        try .init(integers: "tokens", shape: [count]),
        try .init("mel", type: .float32, shape: [frames, flow.melBins]),
        try .init("speaker", type: .float32, shape: [flow.speakerWidth]),
      ])
    let tokens = (0..<count).map { _ in Int64(random.uniform() * Double(flow.codes)) }
    try tokens.withUnsafeBytes { try writer.append($0) }
    try writer.append((0..<frames * flow.melBins).map { _ in Float(random.normal()) })
    try writer.append((0..<flow.speakerWidth).map { _ in Float(random.normal()) })
    try writer.finish()
  }

  /// Weights by what the name says they are.
  private func weights(_ name: String, _ shape: [Int], _ type: ElementType) -> WeightMatrix {
    let rows = shape.count > 1 ? shape[0] : 1
    let columns = (shape.count > 1 ? shape.dropFirst() : shape[...]).reduce(1, *)
    guard shape.count > 1, !name.hasSuffix("A_log") else {
      let values = (0..<rows * columns).map { index -> Float in
        if name.hasSuffix("A_log") { return log(Float(index % (shape.last ?? 1) + 1)) }
        if name.hasSuffix("dt_proj.bias") || name.hasSuffix("dt_bias") { return -4 }
        return name.hasSuffix("bias") ? 0 : 1
      }
      return WeightMatrix(rows: rows, columns: columns, values: values)
    }
    return WeightMatrix.random(
      rows: rows, columns: columns, type: type, seed: seed &+ UInt64(name.utf8.count) &* 7919)
  }
}
