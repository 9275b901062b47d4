public import Dataflow

/// Where a repetition first differs from a recording.
public struct Divergence: Hashable, Sendable, CustomStringConvertible {
  /// The first block that differs.
  public let block: BlockIndex
  /// The first stage in flow order whose output differs in that block.
  public let stage: StageID
  /// The estimated size of the difference, as a share of the size of the output; nil where it is
  /// too small to be seen, which is below about 1e-7, or the recorded output was silence.
  public let relativeSize: Float?

  /// One line: block, stage, size.
  public var description: String {
    let time = "\(Double(block.position) * 0.08) s"
    let size = relativeSize.map { "about \($0) of the output's size" } ?? "too small to be measured"
    return "\(block) (\(time)): the output of the \(stage.rawValue) stage differs, \(size)"
  }

  /// Compares what was recorded of a block with its repetition.
  ///
  /// - Returns: The first stage in flow order that differs; nil where all digests repeat.
  init?(recorded: BlockRecord, repeated: BlockRecord) {
    let stage = StageID.allCases.first { recorded.digests[$0] != repeated.digests[$0] }
    guard let stage else { return nil }
    block = recorded.block
    self.stage = stage
    guard let old = recorded.sketches[stage], let new = repeated.sketches[stage] else {
      relativeSize = nil
      return
    }
    let difference = new.difference(from: old)
    relativeSize = difference > 0 && old.norm > 0 ? difference / old.norm : nil
  }
}
