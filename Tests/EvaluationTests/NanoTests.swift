import AudioIO
import Dataflow
import Duplex
import Evaluation
import Foundation
import Kernels
import Scenarios
import SpeechModel
import Testing

/// What the shipped model does when it is spoken to by a voice that it never heard in training.
@Suite struct NanoTests {
  private static let model = Result { try DuplexModel(.shipped(), compute: Compute(threads: 1)) }

  private static func sound(_ name: String) async throws -> [Float] {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Goldens/\(name).flac").path
    let source = try FileSource(path)
    var samples: [Float] = []
    while let block = try await source.next() { samples += block.samples }
    return samples
  }

  /// A conversation with headphones, in which recordings begin at seconds.
  private static func converse(
    _ sounds: [(name: String, start: Double)], seconds: Double
  ) async throws -> ConversationOutcome {
    var environment = [Float](repeating: 0, count: Int(seconds * 12.5) * 1_280)
    for (name, start) in sounds {
      for (index, sample) in try await sound(name).enumerated() {
        environment[Int(start * 16_000) + index] += sample
      }
    }
    let room = ScriptedRoom(
      environment: environment, echo: EchoPath(.clean, factor: 0, seed: 1))
    return try await ConversationOutcome(model.get(), in: room)
  }

  private static func text(_ utterance: Duplex.Utterance) -> String {
    utterance.text.split(separator: " ").joined(separator: " ")
  }

  @Test(arguments: [
    ("day", "the day after monday is tuesday."), ("capital", "the capital of france is paris."),
    ("light", "the kitchen light is on."), ("unknown", "i do not know that."),
  ])
  func `it answers, once, and in time`(_ name: String, _ answer: String) async throws {
    let end = 0.5 + Double(try await Self.sound(name).count) / 16_000
    let outcome = try await Self.converse([(name, 0.5)], seconds: 8)
    #expect(outcome.answers.map(Self.text) == [answer])
    let sound = AudibleSound(putOut: outcome.putOut)
    let first = try #require(sound.first(in: 0..<8 * 16_000))
    #expect(Double(first) / 16_000 < end + 1.5 && Double(first) / 16_000 > end - 0.4)
    #expect(outcome.answers.first?.end != nil)
  }

  @Test func `it stops when it is told to, and not for an uh-huh`() async throws {
    func end(_ sounds: [(name: String, start: Double)]) async throws -> Double {
      let outcome = try await Self.converse(sounds, seconds: 14)
      #expect(outcome.answers.count == 1)
      return outcome.answers.first?.end.map { Double($0.position) * 0.08 } ?? 14
    }
    // It counts to twenty, which takes more than eleven seconds.
    #expect(try await end([("long", 0.5)]) > 11)
    #expect(try await end([("long", 0.5), ("back", 5)]) > 11)
    let phrase = Double(try await Self.sound("stop").count) / 16_000
    let stopped = try await end([("long", 0.5), ("stop", 5)])
    #expect(stopped > 5 && stopped < 5 + phrase + 1)
  }

  @Test func `it says nothing to nobody`() async throws {
    #expect(try await Self.converse([], seconds: 20).answers.isEmpty)
  }

  @Test func `it is small, and has a card`() throws {
    let folder = try #require(ModelBundle.shippedFolder)
    let sizes = try FileManager.default.contentsOfDirectory(atPath: folder).map { name in
      try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int ?? 0
    }
    #expect(sizes.reduce(0, +) <= 40_000_000)
    let card = try String(contentsOfFile: "\(folder)/README.md", encoding: .utf8)
    #expect(card.contains("CC BY-SA 4.0"))
    // A change of the card is no change of the model.
    #expect(try Self.model.get().files["README.md"] == nil)
  }
}
