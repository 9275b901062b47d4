import Foundation
import SpeechModel
import TestSupport
import Testing

struct VocoderMathTests {
  @Test func `the sine of turns agrees with double precision`() {
    let turns = FilledTensors.plainValues(name: "turns", count: 10003).map { Float($0 / 2) }
    var found = turns
    VocoderMath.sineOfTurns(&found)
    let expected = turns.map { Float(sin(2 * Double.pi * Double($0))) }
    #expect(largestDifference(found, expected) < 4e-7)
    #expect(rms(found) > 0.6)
  }
}
