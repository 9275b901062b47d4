import SpeechModel
import Testing

@Suite struct SpeechTokenSequenceTests {
  private func sequence(
    _ mode: SpeechTokenConfiguration.Mode, promptText: Int = 0, promptTokens: [Int] = []
  ) throws -> SpeechTokenSequence {
    SpeechTokenSequence(
      try TinySpeechTokenModel.configuration(mode, 2, 3), promptText: promptText,
      promptTokens: promptTokens)
  }

  private func accept(_ tokens: [Int], _ sequence: inout SpeechTokenSequence) -> [Bool] {
    var full: [Bool] = []
    for token in tokens { full.append(sequence.accept(token)) }
    return full
  }

  @Test func `a chunk is fed when its text is there`() throws {
    var sequence = try sequence(.chunk)
    let pieces = sequence.advance()
    #expect(pieces == [.start])
    sequence.add(text: 1, ended: false)
    let pieces2 = sequence.advance()
    #expect(pieces2 == [] && !sequence.isDecoding)
    sequence.add(text: 2, ended: false)
    let pieces3 = sequence.advance()
    #expect(pieces3 == [.text(2)] && sequence.isDecoding)
    #expect(sequence.forbidden == [27, 28, 29])
  }

  @Test func `a full chunk makes a fill token and waits`() throws {
    var sequence = try sequence(.fill)
    sequence.add(text: 3, ended: false)
    let pieces = sequence.advance()
    #expect(pieces == [.start, .text(2)])
    #expect(sequence.forbidden == [27, 28])
    #expect(accept([5, 6, 7], &sequence) == [false, false, true])
    #expect(!sequence.isDecoding)
    #expect(sequence.produced == 3)
  }

  @Test func `a chosen fill token waits for text at once`() throws {
    var sequence = try sequence(.fill)
    sequence.add(text: 4, ended: false)
    _ = sequence.advance()
    #expect(accept([5, 29], &sequence) == [false, false])
    #expect(!sequence.isDecoding)
    let pieces = sequence.advance()
    #expect(pieces == [.text(2)])
    #expect(accept([5, 6, 7], &sequence) == [false, false, true])
  }

  @Test func `the end may come only after the task id`() throws {
    var sequence = try sequence(.chunk)
    sequence.add(text: 2, ended: true)
    let pieces = sequence.advance()
    #expect(pieces == [.start, .text(2)])
    #expect(accept([0, 1, 2], &sequence) == [false, false, false])
    let pieces2 = sequence.advance()
    #expect(pieces2 == [.text(0), .task, .speech([])])
    #expect(sequence.forbidden == [28, 29])
    _ = sequence.accept(27)
    #expect(sequence.end == .end && !sequence.isDecoding)
  }

  @Test func `a prompt fills chunks with its own codes`() throws {
    var sequence = try sequence(.fill, promptText: 3, promptTokens: [1, 2, 3, 4])
    let pieces = sequence.advance()
    #expect(pieces == [.start, .text(2), .speech([1, 2, 3])])
    #expect(!sequence.isDecoding)
    sequence.add(text: 1, ended: false)
    let pieces2 = sequence.advance()
    #expect(pieces2 == [.text(2), .speech([4])])
    #expect(accept([5, 6], &sequence) == [false, true])
    #expect(sequence.produced == 2)
  }
}
