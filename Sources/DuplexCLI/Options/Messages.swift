import Foundation

/// What a command says besides its result: on stderr, a line each.
enum Messages {
  static func note(_ text: String) {
    FileHandle.standardError.write(Data("omni: \(text)\n".utf8))
  }
}

/// A failure of a command: what happened and what helps, in one line.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
