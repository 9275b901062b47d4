/// A part of the model that is fed piece by piece and carries what it needs from one to the next.
///
/// A module is a struct: weights are shared between copies, the carried state is a value. Copying
/// a module therefore takes a snapshot, and going back to the copy repeats every bit.
public protocol StreamingModule: Sendable {
  /// What one step takes.
  associatedtype Input
  /// What one step gives; empty where the module needs more input first.
  associatedtype Output

  /// Takes the next piece of the stream.
  mutating func step(_ input: Input) -> Output

  /// Forgets the stream: the next step is the first again.
  mutating func reset()
}
