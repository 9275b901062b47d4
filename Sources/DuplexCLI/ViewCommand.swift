import ArgumentParser
import AudioIO
import Dataflow
import Duplex
import Foundation
import SessionView

/// `omni view`: a recorded session as a picture or as a page that plays it.
struct ViewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "view",
    abstract: "Draw a recorded session: sound, states, text, latencies, what went wrong.",
    discussion: """
      A session that was cut off is drawn as far as it was recorded. A page shows each block's \
      values under the pointer and plays both recordings, which it links unless they are embedded.
      """)

  @Argument(help: "The session's folder.", completion: .directory)
  var session: String

  @Option(
    name: .shortAndLong, help: "The file to write: .png for a picture, .html for a page.",
    completion: .file(extensions: ["png", "html"]))
  var output: String

  @Option(help: "Where to begin, in seconds of the session.")
  var from: Double?

  @Option(help: "Where to end, in seconds of the session.")
  var to: Double?

  @Flag(help: "Put the recordings into the page, so that it is all in one file.")
  var embedSound = false

  @Flag(help: "Draw on a dark ground; a page follows the browser.")
  var dark = false

  private var isPage: Bool { output.lowercased().hasSuffix(".html") }

  func validate() throws {
    guard isPage || output.lowercased().hasSuffix(".png") else {
      throw ValidationError("--output takes a name that ends in .png or .html.")
    }
    if embedSound && !isPage { throw ValidationError("--embed-sound is for a page (.html).") }
    if dark && isPage { throw ValidationError("--dark is for a picture (.png).") }
    let (start, end) = (from ?? 0, to ?? .infinity)
    guard start >= 0, start.isFinite, start < end else {
      throw ValidationError("--from takes 0 or more seconds, --to more than --from.")
    }
  }

  func run() throws {
    let folder = SessionFolder(path: session)
    let picture = SessionPicture(
      journal: try Journal(path: folder.journal),
      environment: try Self.waveform(folder.environment),
      assistant: try Self.waveform(folder.assistant),
      title: URL(filePath: session).standardizedFileURL.lastPathComponent)
    let range = from == nil && to == nil ? nil : (from ?? 0)...(to ?? .infinity)
    if isPage {
      let sound: SessionSound =
        embedSound
        ? .embedded(environment: folder.environment, assistant: folder.assistant)
        : .linked(
          environment: Self.link(to: folder.environment, from: output),
          assistant: Self.link(to: folder.assistant, from: output))
      try picture.html(path: output, sound: sound, range: range)
    } else {
      try picture.png(path: output, range: range, scheme: dark ? .dark : .light)
    }
  }

  /// Reads a recording piece by piece; one that a session cut off at its start lacks is empty.
  private static func waveform(_ path: String) throws(SoundFileError) -> Waveform {
    let reader: SoundFileReader
    do {
      reader = try SoundFileReader(path)
    } catch {
      guard error.code == .empty || error.code == .missing else { throw error }
      return Waveform(sampleRate: SourceBlock.sampleRate)
    }
    var waveform = Waveform(sampleRate: reader.sampleRate)
    var samples = try first(reader)
    while !samples.isEmpty {
      waveform.append(samples)
      samples = try reader.read(1 << 16)
    }
    return waveform
  }

  /// The first samples of a recording, which may have a header and nothing else.
  private static func first(_ reader: SoundFileReader) throws(SoundFileError) -> [Float] {
    do {
      return try reader.read(1 << 16)
    } catch {
      guard error.code == .empty else { throw error }
      return []
    }
  }

  /// A file's path as a page names it, from the folder that the page is in.
  private static func link(to path: String, from page: String) -> String {
    let target = URL(filePath: path).standardizedFileURL.resolvingSymlinksInPath().pathComponents
    let folder = URL(filePath: page).deletingLastPathComponent().standardizedFileURL
      .resolvingSymlinksInPath().pathComponents
    let common = zip(target, folder).prefix { $0 == $1 }.count
    return
      (Array(repeating: "..", count: folder.count - common) + target.dropFirst(common))
      .joined(separator: "/")
  }
}
