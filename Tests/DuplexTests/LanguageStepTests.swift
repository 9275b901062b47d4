import Dataflow
import Duplex
import Foundation
import Kernels
import SpeechModel
import Testing

/// The positions of every block, against the language model fed by hand.
struct LanguageStepTests {
  private func embeddings(_ block: Int, _ stream: Int) -> Matrix {
    var random = SeededRandom(seed: UInt64(block * 2 + stream))
    return Matrix(rows: 1, columns: 32, values: (0..<32).map { _ in random.uniformFloat() - 0.5 })
  }

  /// The state tokens of the tiny model.
  private let think = 1
  private let shift = 2

  @Test(arguments: [ModelManifest.Thinking.explicit, .implicit], [UInt64(3), 4, 5])
  func `a block is both streams and the last token, and shift adds one position`(
    thinking: ModelManifest.Thinking, seed: UInt64
  ) throws {
    let model = try TinyModel.model { $0.block.thinking = thinking }
    var configuration = TinyModel.talkative
    configuration.seed = seed
    var step = LanguageStep(model: model, configuration: configuration)
    var language = model.language
    let tap = model.manifest.language.tapLayer
    var last: Int? = thinking == .explicit ? think : nil
    var answers = 0
    var isSpeaking = false
    for block in 0..<60 {
      let (environment, assistant) = (embeddings(block, 0), embeddings(block, 1))
      let wasSpeaking = isSpeaking
      let decision = try step.step(environment: environment, assistant: assistant)

      var positions = environment.appending(assistant)
      if let last { positions = positions.appending(language.embeddings(of: [last])) }
      var output = try language.step(positions, tapLayer: tap)
      var computed = output.logits + output.tapped
      let begins = !wasSpeaking && decision.token == shift
      if begins && thinking == .explicit {
        output = try language.step(language.embeddings(of: [shift]), tapLayer: tap)
        computed += output.logits + output.tapped
      }
      #expect(decision.computed == computed, "block \(block)")
      #expect((decision.firstText != nil) == begins)
      answers += begins ? 1 : 0
      // The hidden state is the one that predicts the text token.
      switch decision.speech {
      case .begin(let state), .text(let state):
        let token = decision.firstText ?? decision.token
        #expect(state == TextState(token: token, hidden: output.tapped))
      case .none, .endText, .stop: break
      }
      let said = decision.firstText ?? decision.token
      last = thinking == .explicit || (said != think && said != shift) ? said : nil
      isSpeaking = decision.isSpeaking
    }
    #expect(answers > 1)
  }

  @Test(arguments: [UInt64(3), 4])
  func `answers start in the blocks that are given, and in no others`(seed: UInt64) throws {
    let model = try TinyModel.model()
    var configuration = TinyModel.talkative
    configuration.seed = seed
    configuration.givenStarts = [0, 20, 55]
    var step = LanguageStep(model: model, configuration: configuration)
    var wasSpeaking = false
    var starts: [Int] = []
    for block in 0..<60 {
      let decision = try step.step(
        environment: embeddings(block, 0), assistant: embeddings(block, 1))
      if decision.isSpeaking, !wasSpeaking { starts.append(block) }
      wasSpeaking = decision.isSpeaking
    }
    // Where it still speaks, a start that is given is nothing.
    #expect(starts.first == 0 && Set(starts).isSubset(of: [0, 20, 55]))
    configuration.givenStarts = []
    var quiet = LanguageStep(model: model, configuration: configuration)
    for block in 0..<60 {
      let decision = try quiet.step(
        environment: embeddings(block, 0), assistant: embeddings(block, 1))
      #expect(!decision.isSpeaking)
    }
  }

  @Test func `the probabilities of think, shift and text are those of all tokens`() throws {
    let model = try TinyModel.model()
    var step = LanguageStep(model: model, configuration: TinyModel.talkative)
    let decision = try step.step(environment: embeddings(0, 0), assistant: embeddings(0, 1))
    let logits = Array(decision.computed[..<48])
    let total = logits.map { exp(Double($0)) }.reduce(0, +)
    #expect(abs(Double(decision.think) - exp(Double(logits[1])) / total) < 1e-6)
    #expect(abs(Double(decision.shift) - exp(Double(logits[2])) / total) < 1e-6)
  }
}
