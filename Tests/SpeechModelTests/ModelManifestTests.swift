import Checkpoints
import SpeechModel
import TestSupport
import Testing

struct ModelManifestTests {
  private func read(_ text: String) throws -> ModelManifest {
    try ModelManifest(json: JSONObject(parsing: Array(text.utf8), file: "manifest.json"))
  }

  private func manifest(_ sections: String) -> String {
    #"{"format": "salmonn-omni bundle", "version": 1, "name": "test"\#(sections)}"#
  }

  @Test func `a manifest says only what differs from the defaults`() throws {
    let found = try read(
      manifest(
        #", "encoder": {"configuration": {"mamba": {"width": 96, "layers": 3}}}, "#
          + #""language": {"tapLayer": 5}"#))
    #expect(found.encoder.configuration.mamba.width == 96)
    #expect(found.encoder.configuration.mamba.stateSize == 16)
    #expect(found.encoder.configuration.framesPerBlock == 2)
    #expect(found.language.tapLayer == 5)
    #expect(found.language.capacity == 8192)
    #expect(found.block.assistantDelay == 1)
  }

  @Test func `a manifest survives being written and read`() throws {
    var manifest = ModelManifest(name: "round trip", summary: "of settings")
    manifest.block.thinking = .implicit
    manifest.language.adapters = ["a", "b/c"]
    manifest.synthesizer.vocoderConfiguration = VocoderConfiguration(form: .causal)
    manifest.synthesizer.flowConfiguration.leftContext = 4
    manifest.synthesizer.sampling.topP = 0.25
    let text = JSONValue.object(try manifest.json()).text()
    #expect(try read(text) == manifest)
  }

  @Test func `the causal vocoder has defaults of its own`() throws {
    let found = try read(
      manifest(#", "synthesizer": {"vocoderConfiguration": {"form": "causal"}}"#))
    #expect(found.synthesizer.vocoderConfiguration == VocoderConfiguration(form: .causal))
  }

  @Test(arguments: [
    (#", "langauge": {}"#, "langauge"),
    (#", "language": {"tapLayr": 3}"#, "language.tapLayr"),
    (#", "language": {"tapLayer": "three"}"#, "language.tapLayer"),
    (#", "language": {"tapLayer": -1}"#, "language.tapLayer"),
    (#", "language": {"weights": "../secret"}"#, "language.weights"),
    (#", "language": {"weights": "/etc/passwd"}"#, "language.weights"),
    (#", "synthesizer": {"voice": "a//b"}"#, "synthesizer.voice"),
    (
      #", "encoder": {"configuration": {"mamba": {"witdh": 3}}}"#,
      "encoder.configuration.mamba.witdh"
    ),
    (#", "synthesizer": {"sampling": {"topK": 0}}"#, "synthesizer.sampling.topK"),
    (#", "synthesizer": {"sampling": {"threshold": 0}}"#, "synthesizer.sampling.threshold"),
    (#", "block": {"thinking": "aloud"}"#, "block.thinking"),
    (#", "block": 3"#, "block"),
  ])
  func `a wrong setting is named`(sections: String, subject: String) throws {
    let error = #expect(throws: CheckpointError.self) { try read(manifest(sections)) }
    #expect(error?.subject == subject)
    #expect(error?.description.contains("manifest.json") == true)
  }

  @Test func `another format and a newer version are refused`() {
    #expect(throws: CheckpointError.self) { try read(#"{"name": "x"}"#) }
    let error = #expect(throws: CheckpointError.self) {
      try read(#"{"format": "salmonn-omni bundle", "version": 2, "name": "x"}"#)
    }
    #expect(error?.code == .unsupported)
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `a damaged manifest is read or refused with one clear error`(seed: UInt64) throws {
    let whole = Array(JSONValue.object(try ModelManifest(name: "whole").json()).text().utf8)
    var mutator = Mutator(seed: seed)
    var refused = 0
    for index in 0..<2_500 {
      let mutant = mutator.mutate(whole)
      do {
        _ = try ModelManifest(json: JSONObject(parsing: mutant, file: "manifest.json"))
      } catch {
        refused += 1
        #expect(error.description.contains("manifest.json"), "seed \(seed), mutant \(index)")
      }
    }
    #expect(refused > 1_000)
  }
}
