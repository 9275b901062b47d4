import AudioIO
import Dataflow
import Duplex
import Evaluation
import Foundation
import Kernels
import Scenarios
import SeededModels
import SpeechModel
import Testing

@Suite struct ScriptedRoomTests {
  private static func conditions(delay: Int) -> Conditions {
    var conditions = Conditions.clean
    conditions.echoDelay = delay
    return conditions
  }

  @Test(arguments: [1_280, 2_000])
  func `what is put out is heard a delay later`(delay: Int) async throws {
    let room = ScriptedRoom(
      environment: [Float](repeating: 0, count: 8 * 1_280),
      echo: EchoPath(Self.conditions(delay: delay), factor: 0.5, seed: 1))
    var heard: [Float] = []
    for block in 0..<8 {
      heard += try #require(try await room.next()).samples
      let sound: Float = block == 1 ? 0.5 : 0
      _ = try await room.put([Float](repeating: sound, count: 1_280))
    }
    #expect(try await room.next() == nil)
    let loud = heard.indices.filter { heard[$0] != 0 }
    #expect(loud.first == 1_280 + delay && loud.count == 1_280)
    #expect(heard[1_280 + delay] == 0.25)
  }

  // The first number is how many blocks the assistant speaks from the start on.
  @Test(arguments: [(0, 12), (9, 15), (40, 46), (500, 112)])
  func `the room goes on until the assistant is silent, with the noise of the script's end`(
    spoken: Int, blocks: Int
  ) async throws {
    let noise = (0..<12 * 1_280).map { Float($0 % 640) / 1_024 }
    let room = ScriptedRoom(
      environment: noise, echo: EchoPath(.clean, factor: 0, seed: 1))
    var heard: [Float] = []
    while let block = try await room.next() {
      heard += block.samples
      let place = heard.count / 1_280 - 1
      let sound: Float = place < spoken ? 0.5 : 0
      _ = try await room.put([Float](repeating: sound, count: 1_280))
    }
    #expect(heard.count == blocks * 1_280)
    #expect(heard == SampleRounding.rounded((0..<heard.count).map { noise[$0 % 640] }).samples)
  }

  @Test func `a block waits for what was put out before it`() async throws {
    let room = ScriptedRoom(
      environment: [Float](repeating: 0, count: 2 * 1_280),
      echo: EchoPath(.clean, factor: 1, seed: 1))
    _ = try await room.next()
    try await withThrowingTaskGroup(of: Float?.self) { group in
      group.addTask { try await room.next()?.samples.first }
      _ = try await room.put([Float](repeating: 0.25, count: 1_280))
      #expect(try await group.next() == .some(0.25))
    }
  }

  @Test(arguments: [1, 2] as [UInt64])
  func `a model in a room does the same every time, and hears itself`(seed: UInt64) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try RandomBundle(
      shape: try Shape.tiny.sizes(), type: .float32, synthesizerType: .float32, seed: seed
    ).write(to: folder)
    let model = try DuplexModel(ModelBundle(path: folder), compute: Compute(threads: 1))
    func putOut(echo: Double) async throws -> [Float] {
      let room = ScriptedRoom(
        environment: [Float](repeating: 0, count: 60 * 1_280),
        echo: EchoPath(.clean, factor: echo, seed: 1))
      return try await ConversationOutcome(model, in: room).putOut
    }
    let first = try await putOut(echo: 1)
    #expect(first.count >= 60 * 1_280)
    #expect(try await putOut(echo: 1) == first)
    #expect(model.sampleRate == SourceBlock.sampleRate)
  }
}
