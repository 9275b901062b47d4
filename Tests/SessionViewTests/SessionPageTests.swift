import Dataflow
import Foundation
import SessionView
import Testing

struct SessionPageTests {
  /// What a hostile transcript, device or title may hold.
  static let hostile =
    "</script><script>alert(1)</script><img src=x onerror=\"alert('2')\">&\u{2028}\0"

  private static func page(
    _ session: SyntheticSession, title: String = "page", sound: SessionSound = .linked()
  ) throws -> String {
    let folder = try Scratch()
    try session.picture(title: title).html(path: folder.file("view.html"), sound: sound)
    return try String(contentsOfFile: folder.file("view.html"), encoding: .utf8)
  }

  /// A session whose every text is hostile.
  private static func hostileSession() throws -> SyntheticSession {
    var session = try SyntheticSession(seconds: 4, exchanges: [])
    var record = BlockRecord(block: .first, token: SyntheticSession.shift, text: hostile)
    (record.state, record.firstText, record.speak) = (.speaking, 900, 1)
    session.journal = try SyntheticSession.journal([
      .block(record), .command(.first, text: hostile), .deviceLost(.first, device: hostile),
      .end(BlockIndex(1), reason: .failed, detail: hostile),
    ])
    return session
  }

  @Test func `nothing from a session becomes markup`() throws {
    let page = try Self.page(
      Self.hostileSession(), title: Self.hostile,
      sound: .linked(environment: "javascript:alert(1)\"><img>", assistant: "a b.wav"))
    #expect(!page.contains("<img"))
    #expect(!page.contains("<script>alert"))
    #expect(!page.contains("javascript:"))
    #expect(page.contains("src=\"a%20b.wav\""))
    #expect(page.contains("<title>&lt;/script&gt;&lt;script&gt;alert(1)"))
    // One script with the data, one with the code.
    #expect(page.components(separatedBy: "<script").count == 3)
    #expect(page.components(separatedBy: "</script>").count == 3)
  }

  @Test func `the data says what the session said`() throws {
    let page = try Self.page(Self.hostileSession())
    let opening = "<script id=\"data\" type=\"application/json\">"
    let start = try #require(page.range(of: opening)).upperBound
    let end = try #require(page[start...].range(of: "</script>")).lowerBound
    struct Read: Decodable {
      let block: [Int]
      let text: [String]
      let kind: [String]
      let firstText: [Int]
      let probability: [[Int]]
    }
    let read = try JSONDecoder().decode(Read.self, from: Data(page[start..<end].utf8))
    #expect(read.block == [0])
    #expect(read.kind == ["shift"] && read.firstText == [900])
    #expect(read.probability == [[0, 0, 1_000]])
    // Characters without a picture are made visible, all others are kept.
    #expect(
      read.text == [
        Self.hostile.replacing("\u{2028}", with: "\u{B7}").replacing("\0", with: "\u{B7}")
      ])
  }

  @Test func `every colour of the drawing follows the scheme`() throws {
    let page = try Self.page(SyntheticSession.dialogue())
    let start = try #require(page.range(of: "<svg")).lowerBound
    let end = try #require(page.range(of: "</svg>")).upperBound
    let svg = page[start..<end]
    #expect(!svg.contains("rgb("), "a colour of the drawing library's form is not understood")
    #expect(!svg.contains("<?xml"))
    #expect(svg.contains("var(--page)") && svg.contains("var(--assistant)"))
  }

  @Test func `the page names no other resource than the two recordings`() throws {
    let page = try Self.page(SyntheticSession.dialogue())
    let links = page.matches(of: /(?:src|href)="([^#"][^"]*)"/).map { String($0.output.1) }
    #expect(links == ["environment.wav", "assistant.wav"])
    #expect(!page.contains("@import") && !page.contains("fetch("))
  }

  @Test(arguments: [0, 1, 2, 3, 196_607, 196_608, 400_000]) func `embedded sound is the file`(
    size: Int
  ) throws {
    let folder = try Scratch()
    var random = Noise(state: UInt64(size))
    let bytes = (0..<size).map { _ in UInt8(truncatingIfNeeded: Int(random.next() * 1_000)) }
    try Data(bytes).write(to: URL(fileURLWithPath: folder.file("a.wav")))
    let page = try Self.page(
      SyntheticSession(seconds: 1, exchanges: []),
      sound: .embedded(environment: folder.file("a.wav"), assistant: folder.file("a.wav")))
    let opening = "<audio id=\"assistant\" src=\"data:audio/wav;base64,"
    let start = try #require(page.range(of: opening)).upperBound
    let end = try #require(page[start...].firstIndex(of: "\""))
    #expect(Data(base64Encoded: String(page[start..<end])) == Data(bytes))
  }

  @Test func `without sound there are no controls`() throws {
    let page = try Self.page(SyntheticSession.dialogue(), sound: .none)
    #expect(!page.contains("<audio") && !page.contains("<button"))
  }

  @Test(arguments: [
    ("a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;"), ("&amp;", "&amp;amp;"), ("zwölf", "zwölf"),
  ])
  func `text is escaped`(text: String, wanted: String) {
    #expect(text.escapedForHTML == wanted)
  }
}
