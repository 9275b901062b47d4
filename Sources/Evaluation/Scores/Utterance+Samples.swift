import Dataflow
import Duplex
import Scenarios

/// When an answer begins and ends, in samples of the environment.
extension Duplex.Utterance {
  /// When it was decided to begin: its block was heard whole.
  var decided: Int { (start.position + 1) * TurnTiming.block }

  /// When it was decided to listen again; nil while it goes on.
  var listens: Int? { end.map { ($0.position + 1) * TurnTiming.block } }
}
