/// Where a session's page finds the recordings.
public enum SessionSound: Hashable, Sendable {
  /// Files beside the page, by paths relative to it.
  ///
  /// Browsers play them, but let a page mix them to two sides only when it comes from a web server.
  case linked(environment: String = "environment.wav", assistant: String = "assistant.wav")
  /// Copies in the page, read from these files; a third larger than they are.
  case embedded(environment: String, assistant: String)
  /// No sound.
  case none
}
