/// The patterns that cut text into pre-tokens, which merges never cross.
///
/// A pattern is recognised by its exact text; each is scanned by hand, so there is no regular
/// expression engine and no backtracking beyond a step.
enum PreTokenPattern: Sendable, Equatable {
  /// Llama 3: numbers in groups of up to three digits.
  case llama3
  /// Qwen 2: every digit alone.
  case qwen2
  /// GPT-2: contractions in lower case only, numbers of any length.
  case gpt2

  /// The pattern that is written so; nil where it is none of the known ones.
  init?(regex: String) {
    guard let pattern = [Self.llama3, .qwen2, .gpt2].first(where: { $0.regex == regex }) else {
      return nil
    }
    self = pattern
  }

  /// The pattern as it is written in files.
  var regex: String {
    switch self {
    case .llama3: Self.text(numbers: #"\p{N}{1,3}"#)
    case .qwen2: Self.text(numbers: #"\p{N}"#)
    case .gpt2: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    }
  }

  private static func text(numbers: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }
}
