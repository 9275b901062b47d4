/// One part of the dataflow: it receives, steps and sends until its input ends.
///
/// ```swift
/// actor Doubling: Stage {
///   nonisolated let id = StageID.encoder
///   let input: EdgeReader<Int>
///   let output: EdgeWriter<Int>
///
///   func run() async throws {
///     while let value = try await input.receive() { try await output.send(2 * value) }
///   }
/// }
/// ```
///
/// A stage has no other asynchronous entry, starts no task, reads no clock and polls nothing:
/// then its results do not depend on the schedule (<doc:Determinism>).
public protocol Stage: Actor {
  /// Which stage this is.
  nonisolated var id: StageID { get }

  /// Runs until the input has ended; throws what went wrong.
  ///
  /// Everything that was received is sent on before it returns. The edges' ends need not be
  /// finished or closed: ``Pipeline`` does so when the stage has returned.
  func run() async throws
}
