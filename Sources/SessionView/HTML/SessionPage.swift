/// A page with the picture, the sound and every block's values; one file, no other resource.
struct SessionPage {
  let drawing: SessionDrawing
  let title: String
  let sound: SessionSound

  func write(to file: inout PictureFile) throws(SessionViewError) {
    let data: String
    do {
      data = try PageData(drawing).json()
    } catch {
      throw SessionViewError(.drawing, path: title, detail: "\(error)")
    }
    let name = title.printable.escapedForHTML
    let svg = InlineSVG(
      try drawing.svg(title: title), size: drawing.size, label: "Timeline of \(title.printable)")
    try file.append(
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(name)</title>
      <style>
      \(Self.colours)
      \(PageStyle.text)
      </style>
      </head>
      <body>

      """.utf8)
    try writeSound(to: &file)
    try file.append("<main><div id=\"frame\">\n".utf8)
    try file.append(svg.text.utf8)
    try file.append(
      """
      </div></main>
      <div id="details" hidden></div>
      <noscript>Without scripts the page is a picture; it plays no sound.</noscript>
      <script id="data" type="application/json">\(data)</script>
      <script>
      \(PageScript.text)
      </script>
      </body>
      </html>

      """.utf8)
  }

  /// Each ink as a variable, in both schemes.
  private static var colours: String {
    func list(_ scheme: ColourScheme) -> String {
      Ink.allCases.map { "--\($0.rawValue):\($0.hex(scheme))" }.joined(separator: ";")
    }
    return """
      :root{\(list(.light))}
      @media (prefers-color-scheme: dark){:root{\(list(.dark))}}
      """
  }

  private func writeSound(to file: inout PictureFile) throws(SessionViewError) {
    guard sound != .none else { return }
    try file.append(
      """
      <header>
      <button id="play" type="button">Play</button>
      <output id="clock">0.0 s</output>
      <label class="environment">environment
      <input id="environment-level" type="range" min="0" max="1" step="0.01" value="1"></label>
      <label class="assistant">assistant
      <input id="assistant-level" type="range" min="0" max="1" step="0.01" value="1"></label>
      <label id="sides-label"><input id="sides" type="checkbox"> environment left, assistant \
      right</label>
      <span id="problem" role="status"></span>
      <small>Click in the picture to go there; space plays, arrow keys go a block.</small>
      </header>

      """.utf8)
    switch sound {
    case .none: break
    case .linked(let environment, let assistant):
      for (id, link) in [("environment", environment), ("assistant", assistant)] {
        try file.append(
          "<audio id=\"\(id)\" preload=\"auto\" src=\"\(link.escapedForLink)\"></audio>\n".utf8)
      }
    case .embedded(let environment, let assistant):
      for (id, path) in [("environment", environment), ("assistant", assistant)] {
        try file.append("<audio id=\"\(id)\" src=\"data:audio/wav;base64,".utf8)
        // Whole groups of three bytes, so that the pieces join without padding.
        try PictureFile.read(path, pieceLength: 3 << 16) { piece throws(SessionViewError) in
          try file.append(base64(piece))
        }
        try file.append("\"></audio>\n".utf8)
      }
    }
  }
}
