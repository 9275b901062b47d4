import Checkpoints
import Foundation
import SpeechModel
import Testing

@Suite struct MambaConfigurationTests {
  private func read(_ json: String) throws -> MambaConfiguration {
    try MambaConfiguration(
      json: MambaConfiguration.readLeniently(Array(json.utf8), file: "config.json"))
  }

  @Test func `a Mamba configuration is read`() throws {
    let found = try read(
      """
      {"model_type": "mamba", "hidden_size": 768, "num_hidden_layers": 24, "state_size": 16,
       "conv_kernel": 4, "expand": 2, "intermediate_size": 1536, "time_step_rank": "auto",
       "use_bias": false, "use_conv_bias": true, "hidden_act": "silu", "vocab_size": 50280,
       "layer_norm_epsilon": 1e-5, "residual_in_fp32": true}
      """)
    #expect(found == MambaConfiguration(width: 768, layers: 24))
    #expect(found.timeStepRank == 48)
    let small = try read(
      #"{"model_type": "mamba", "hidden_size": 32, "num_hidden_layers": 1, "time_step_rank": 3}"#)
    #expect(small.timeStepRank == 3)
    // The class's default, where the file does not say.
    #expect(small.usesBias)
  }

  @Test(arguments: ["Infinity", #"{"__float__": "Infinity"}"#, "null"])
  func `a Mamba-2 configuration is read, however infinity is written`(limit: String) throws {
    let found = try read(
      """
      {"model_type": "mamba2", "hidden_size": 64, "num_hidden_layers": 2, "state_size": 12,
       "num_heads": 4, "head_dim": 32, "n_groups": 1, "time_step_limit": [0.5, \(limit)]}
      """)
    #expect(
      found
        == MambaConfiguration(
          variant: .mamba2, width: 64, layers: 2, stateSize: 12, headSize: 32,
          timeStepMinimum: 0.5))
  }

  @Test(
    arguments: [
      ("{", CheckpointError.Code.malformed, nil),
      ("[]", .malformed, nil),
      (#"{"model_type": "mamba", "hidden_size": 8}"#, .missing, "num_hidden_layers"),
      (
        #"{"model_type": "llama", "hidden_size": 8, "num_hidden_layers": 1}"#, .unsupported,
        "model_type"
      ),
      (
        #"{"model_type": "mamba", "hidden_size": 8, "num_hidden_layers": 1, "hidden_act": "relu"}"#,
        .unsupported, "hidden_act"
      ),
      (
        #"{"model_type": "mamba", "hidden_size": -8, "num_hidden_layers": 1}"#, .mismatch,
        "hidden_size"
      ),
      (
        #"{"model_type": "mamba", "hidden_size": 8, "num_hidden_layers": 1, "expand": 9223372036854775807}"#,
        .mismatch, "expand"
      ),
      (
        #"{"model_type": "mamba2", "hidden_size": 64, "num_hidden_layers": 1, "num_heads": 2}"#,
        .unsupported, "n_groups"
      ),
      (
        #"{"model_type": "mamba2", "hidden_size": 64, "num_hidden_layers": 1, "n_groups": 1, "num_heads": 3}"#,
        .mismatch, "num_heads"
      ),
    ] as [(String, CheckpointError.Code, String?)])
  func `a bad configuration names its key`(
    json: String, code: CheckpointError.Code, subject: String?
  ) {
    let error = #expect(throws: CheckpointError.self) { try read(json) }
    #expect(error?.code == code)
    #expect(error?.subject == subject)
    #expect(error?.file == "config.json")
  }

  @Test func `a configuration survives being written and read`() throws {
    let found = EncoderFixtures.configuration(.mamba2)
    let data = try JSONEncoder().encode(found)
    #expect(try JSONDecoder().decode(SpeechEncoderConfiguration.self, from: data) == found)
  }
}
