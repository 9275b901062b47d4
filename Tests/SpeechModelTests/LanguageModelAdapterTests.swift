import Checkpoints
import SpeechModel
import TestSupport
import Testing

/// A base model with a LoRA adapter that PEFT saved, against the model that PEFT merged.
@Suite struct LanguageModelAdapterTests {
  private static func merged() throws -> LanguageModel {
    let configuration = try TinyLanguageModel.llama()
    let tiny = TinyLanguageModel(name: "llama", configuration: configuration, tapLayer: 2)
    let adapter = try LoRAAdapter(folder: Goldens.path("language/adapter"))
    return try tiny.model(
      from: LoRAMergedSource(base: tiny.tensors, adapters: [adapter]))
  }

  @Test func `200 streamed steps give the merged model's tokens, logits and hidden states`() throws
  {
    try LanguageModelGoldenTests.check(try Self.merged(), golden: "llama-adapted", tapLayer: 2)
  }

  @Test func `the adapter makes a difference`() throws {
    let configuration = try TinyLanguageModel.llama()
    var base = try TinyLanguageModel(name: "llama", configuration: configuration, tapLayer: 2)
      .model()
    var merged = try Self.merged()
    let x = plainMatrix("adapter", rows: 3, columns: 32)
    let (a, b) = (try base.step(x).logits, try merged.step(x).logits)
    #expect(relativeError(b, a) > 0.1)
  }
}
