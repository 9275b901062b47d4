/// When the assistant's states change, in samples of 16 kHz and blocks of 1,280.
///
/// A block's token is decided when the whole block was heard, so a change is labelled at the first
/// block that ends late enough. Block k of the assistant's channel is what playback put out for
/// block k; it sounds while block k + 1 is captured, and the model hears it in block k + 1. Times
/// measured between the two channels are therefore a block, 80 ms, shorter than in a room.
package struct TurnTiming: Sendable, Codable, Equatable {
  /// Samples of a block: 80 ms.
  package static let block = 1_280

  /// From the end of the user's speech to the end of the block of the shift, at least: 80 ms.
  ///
  /// The shift is decided when its block is over, on the mean 40 ms later. The sound of block
  /// shift + 1 is heard 80 ms after that: 80 + 40 + 80 = 200 ms after the user's last sound.
  package var response = 1_280
  /// The same after a series of digits, which only a longer silence ends: 240 ms, where people pause
  /// for 150 ms at most between digits.
  package var digitsResponse = 3_840
  /// From the end of an interrupting phrase to the end of the block of the yield: 60 ms, so that
  /// the sound is gone 60 + 40 + 10 = 110 ms after the phrase in the mean.
  package var yieldResponse = 960
  /// From the end of an answer's sound to the start of the block of the shift back, at least: 480 ms,
  /// longer than a pause of its own between two sentences (350 ms at most in its voice).
  package var endResponse = 7_680
  /// From the block of the shift to the first block that playback puts out with sound.
  ///
  /// The first text token comes in the block of the shift, the second a block later; they make the
  /// first sound, which the model hears two blocks after the shift.
  package var audioDelay = 1
  /// How long a yield fades: 10 ms, in the block of the yield.
  package var fade = 160

  /// The standard timing.
  package init() {}

  /// The first block that ends at a sample or after it.
  package static func block(endingAt sample: Int) -> Int {
    max(0, (sample + block - 1) / block - 1)
  }

  /// The block of the shift that answers an utterance.
  package func shift(after utterance: Utterance, end: Int) -> Int {
    Self.block(endingAt: end + (utterance.kind == .digits ? digitsResponse : response))
  }

  /// The block of the yield to an utterance.
  package func yield(end: Int) -> Int { Self.block(endingAt: end + yieldResponse) }

  /// The block of the shift back after a whole answer: nothing has been put out for `endResponse`.
  package func back(fullEnd: Int) -> Int {
    (fullEnd + endResponse + Self.block - 1) / Self.block
  }
}
