import Duplex
import Testing

struct TurnStateTests {
  private func state(_ phase: TurnState.Phase, maximumText: Int = 3) -> TurnState {
    var state = TurnState(maximumText: maximumText)
    guard phase != .listening else { return state }
    _ = state.accept(.shift)
    state.acceptFirstText()
    if phase == .playing { _ = state.accept(.think) }
    return state
  }

  @Test(arguments: [
    (
      TurnState.Phase.listening, TurnState.Decision.think, TurnState.Action.stay,
      TurnState.Phase.listening
    ),
    (.listening, .shift, .begin, .text), (.text, .text, .say, .text),
    (.text, .think, .endText, .playing), (.text, .shift, .stop, .listening),
    (.playing, .think, .stay, .playing), (.playing, .shift, .stop, .listening),
  ])
  func `every decision in every state has its action`(
    phase: TurnState.Phase, decision: TurnState.Decision, action: TurnState.Action,
    next: TurnState.Phase
  ) {
    var state = state(phase)
    #expect(state.phase == phase)
    #expect(state.accept(decision) == action)
    #expect(state.phase == next)
    #expect(state.isSpeaking == (next != .listening))
  }

  @Test func `text is allowed only while an answer's text goes on`() {
    #expect(!state(.listening).allowsText)
    #expect(state(.text).allowsText)
    #expect(!state(.playing).allowsText)
  }

  @Test(arguments: 1...4)
  func `an answer has at most the configured number of text tokens`(maximum: Int) {
    var state = state(.text, maximumText: maximum)
    for _ in 1..<maximum { #expect(state.accept(.text) == .say) }
    #expect(!state.allowsText)
    #expect(state.accept(.think) == .endText)
    // The next answer begins to count anew.
    _ = state.accept(.shift)
    _ = state.accept(.shift)
    state.acceptFirstText()
    #expect(state.allowsText == (maximum > 1))
  }
}
