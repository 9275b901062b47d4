import Foundation
import SessionView
import Testing

struct SessionPictureTests {
  /// Not a check: writes pictures to look at into the folder that a variable names.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["OMNI_PICTURES"] != nil))
  func `pictures to look at`() throws {
    let folder = try #require(ProcessInfo.processInfo.environment["OMNI_PICTURES"])
    let sessions = [
      "dialogue": try SyntheticSession.dialogue(),
      "minute": try .conversation(seconds: 60), "ten-minutes": try .conversation(seconds: 600),
      "half-hour": try .conversation(seconds: 1_800),
      "one-block": try SyntheticSession(seconds: 0.08, exchanges: [], torn: true, ended: false),
    ]
    for (name, session) in sessions {
      let picture = session.picture(title: "\(name) <b>&amp; \"title\"</b>")
      try picture.png(path: "\(folder)/\(name).png", scale: 1.25)
      try picture.html(path: "\(folder)/\(name).html", sound: .none)
    }
    try sessions["ten-minutes"]?.picture(title: "part")
      .png(path: "\(folder)/part.png", range: 130...150, scheme: .dark, scale: 1.25)
  }
}
