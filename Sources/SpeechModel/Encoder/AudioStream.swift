/// The two streams that the model hears; the raw value is the row of the learned tag.
public enum AudioStream: Int, Sendable, CaseIterable, Codable {
  /// All that the microphone hears: the user, noise, echo of the assistant.
  case environment = 0
  /// What the assistant itself has put out.
  case assistant = 1
}
