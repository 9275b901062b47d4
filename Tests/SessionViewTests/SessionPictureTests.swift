import CCairo
import Dataflow
import Foundation
import SessionView
import Testing

struct SessionPictureTests {
  // MARK: PNG

  @Test func `every panel of every row is drawn`() throws {
    let folder = try Scratch()
    let session = try SyntheticSession.conversation(seconds: 130)
    let picture = session.picture(title: "two minutes")
    try picture.png(path: folder.file("view.png"), scale: 1)
    let pixels = try Pixels(path: folder.file("view.png"))
    let drawing = try picture.drawing(nil)
    #expect(drawing.rows.count == 3)
    #expect(pixels.width == 1_600)
    #expect(pixels.height == Int(drawing.size.height.rounded(.up)))
    // The last row holds the rest of ten seconds.
    for row in drawing.rows.dropLast() {
      for box in [
        row.environment, row.assistant, row.state, row.text, row.probability, row.latency,
      ] {
        let box = try #require(box)
        #expect(pixels.colours(in: box) > 4, "\(box) is blank")
      }
    }
    #expect(pixels.colours(in: Box(x: 0, y: 0, width: 1_600, height: 100)) > 4)
  }

  @Test(arguments: ColourScheme.allCases) func `nothing is drawn at the edges`(
    scheme: ColourScheme
  ) throws {
    let folder = try Scratch()
    try SyntheticSession.dialogue().picture(title: String(repeating: "very long title ", count: 40))
      .png(path: folder.file("view.png"), scheme: scheme, scale: 1.3)
    let pixels = try Pixels(path: folder.file("view.png"))
    let (width, height) = (Double(pixels.width), Double(pixels.height))
    for edge in [
      Box(x: 0, y: 0, width: 8, height: height), Box(x: width - 6, y: 0, width: 6, height: height),
      Box(x: 0, y: 0, width: width, height: 8), Box(x: 0, y: height - 4, width: width, height: 4),
    ] {
      #expect(pixels.colours(in: edge) == 1, "\(edge)")
    }
  }

  @Test func `the same session gives the same bytes`() throws {
    let folder = try Scratch()
    for name in ["a", "b"] {
      let picture = try SyntheticSession.dialogue().picture(title: "same")
      try picture.png(path: folder.file(name + ".png"))
      try picture.html(path: folder.file(name + ".html"))
    }
    for kind in [".png", ".html"] {
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: folder.file("a" + kind)))
          == Data(contentsOf: URL(fileURLWithPath: folder.file("b" + kind))))
    }
  }

  @Test func `a range shows its part`() throws {
    let picture = try SyntheticSession.conversation(seconds: 200).picture(title: "part")
    let drawing = try picture.drawing(100...120)
    #expect(drawing.rows.map(\.range) == [100..<120])
    // What lies beyond the end is not asked for.
    #expect(try picture.drawing(190...500).rows.map(\.range) == [190..<200])
  }

  // MARK: Little and nothing

  @Test func `one block of a torn session is drawn`() throws {
    let folder = try Scratch()
    let session = try SyntheticSession(seconds: 0.08, exchanges: [], torn: true, ended: false)
    #expect(session.journal.isTorn)
    try session.picture(title: "torn").png(path: folder.file("view.png"), scale: 1)
    #expect(try Pixels(path: folder.file("view.png")).width == 1_600)
  }

  @Test func `recordings without a block are drawn, blocks without recordings too`() throws {
    let folder = try Scratch()
    let session = try SyntheticSession.dialogue()
    let empty = Waveform(sampleRate: 16_000)
    let silent = SessionPicture(
      journal: session.journal, environment: empty, assistant: empty, title: "no sound")
    try silent.html(path: folder.file("silent.html"))
    let blank = SessionPicture(
      journal: try SyntheticSession.journal([]),
      environment: Waveform(samples: session.environment, sampleRate: 16_000), assistant: empty,
      title: "no blocks")
    try blank.html(path: folder.file("blank.html"))
    #expect(blank.seconds == 20)
  }

  @Test func `nothing recorded is an error that says how it ended`() throws {
    let folder = try Scratch()
    let journal = try SyntheticSession.journal([
      .end(.first, reason: .failed, detail: "no sound server")
    ])
    let empty = Waveform(sampleRate: 16_000)
    let picture = SessionPicture(
      journal: journal, environment: empty, assistant: empty, title: "none")
    let error = try #require(throws: SessionViewError.self) {
      try picture.png(path: folder.file("view.png"))
    }
    #expect(error.code == .nothingRecorded)
    #expect(error.description.contains("failed, no sound server"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("view.png")))
  }

  @Test(arguments: [30.0...40, 5...5, 8...8.000_1]) func `a range without content is an error`(
    range: ClosedRange<Double>
  ) throws {
    let picture = try SyntheticSession.dialogue().picture(title: "range")
    let error = #expect(throws: SessionViewError.self) { try picture.drawing(range) }
    #expect(error?.code == .emptyRange)
  }

  // MARK: Files

  @Test(arguments: [
    ("/dev/full", SessionViewError.Code.diskFull), ("/nowhere/view.png", .missing),
    ("/tmp", .isFolder),
  ])
  func `a file that cannot be written is an error of one line`(
    path: String, code: SessionViewError.Code
  ) throws {
    let picture = try SyntheticSession.dialogue().picture(title: "file")
    let error = try #require(throws: SessionViewError.self) {
      try picture.png(path: path, scale: 1)
    }
    #expect(error.code == code)
    #expect(error.path == path)
    #expect(!error.description.contains("\n"))
    #expect(throws: SessionViewError.self) { try picture.html(path: path) }
  }

  @Test func `an older picture stays where a new one fails`() throws {
    let folder = try Scratch()
    let path = folder.file("view.html")
    let picture = try SyntheticSession.dialogue().picture(title: "old")
    try picture.html(path: path)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let missing = folder.file("environment.wav")
    let error = #expect(throws: SessionViewError.self) {
      try picture.html(path: path, sound: .embedded(environment: missing, assistant: missing))
    }
    #expect(error?.code == .missing)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["view.html"])
  }

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
      try session.writeSound(folder: folder, prefix: name)
      let (environment, assistant) = ("\(name)-environment.wav", "\(name)-assistant.wav")
      try picture.html(
        path: "\(folder)/\(name).html",
        sound: name == "dialogue"
          ? .embedded(environment: "\(folder)/\(environment)", assistant: "\(folder)/\(assistant)")
          : .linked(environment: environment, assistant: assistant))
    }
    try sessions["ten-minutes"]?.picture(title: "part")
      .png(path: "\(folder)/part.png", range: 130...150, scheme: .dark, scale: 1.25)
  }
}

/// A PNG file as Cairo reads it back.
struct Pixels {
  let width: Int
  let height: Int
  private let values: [UInt32]

  init(path: String) throws {
    let surface = try #require(cairo_image_surface_create_from_png(path))
    defer { cairo_surface_destroy(surface) }
    try #require(cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS)
    let width = Int(cairo_image_surface_get_width(surface))
    let height = Int(cairo_image_surface_get_height(surface))
    let stride = Int(cairo_image_surface_get_stride(surface)) / 4
    let data = try #require(cairo_image_surface_get_data(surface))
    (self.width, self.height) = (width, height)
    values = data.withMemoryRebound(to: UInt32.self, capacity: stride * height) { data in
      // The highest byte means nothing where there is no transparency.
      (0..<height).flatMap { row in (0..<width).map { data[row * stride + $0] & 0xFFFFFF } }
    }
  }

  /// How many different colours a box has.
  func colours(in box: Box) -> Int {
    var seen: Set<UInt32> = []
    for y in max(0, Int(box.y))..<min(height, Int(box.bottom)) {
      seen.formUnion(
        values[(y * width + max(0, Int(box.x)))..<(y * width + min(width, Int(box.right)))])
    }
    return seen.count
  }
}
