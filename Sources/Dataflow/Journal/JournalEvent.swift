/// A line of the journal after the header.
///
/// Everything that is not a function of earlier blocks is an event here, so that a replay can
/// repeat it.
public enum JournalEvent: Hashable, Sendable {
  /// A block went through all stages.
  case block(BlockRecord)
  /// Blocks of input were lost before this one, because the stages were late.
  case drop(BlockIndex, count: Int)
  /// The assistant was speaking and had nothing to play in this block, for so many samples.
  case underrun(BlockIndex, samples: Int)
  /// The assistant yielded in this block, so that so many samples of its speech were not played.
  case yield(BlockIndex, samples: Int)
  /// The language model goes on, from this block on, with so many of the latest positions.
  case refresh(BlockIndex, positions: Int)
  /// Samples of this block were mended: not finite and replaced by silence, out of range, or
  /// missing because there was no device, and replaced by silence.
  case defects(BlockIndex, notFinite: Int, clipped: Int, missing: Int)
  /// Between this block and the one before the device played silence, because nothing was there
  /// in time, or samples were thrown away to get back to the wanted delay.
  case late(BlockIndex, underrun: Int, dropped: Int)
  /// The user asked for something that took effect in this block.
  case command(BlockIndex, text: String)
  /// A sound device went away.
  case deviceLost(BlockIndex, device: String)
  /// A sound device came back.
  case deviceBack(BlockIndex, device: String)
  /// The session ended before this block.
  case end(BlockIndex, reason: EndReason, detail: String)

  /// Why a session ended.
  public enum EndReason: String, Codable, Hashable, Sendable {
    /// The input ended.
    case finished
    /// The user stopped it.
    case stopped
    /// A stage failed.
    case failed
  }

  /// The block at which it happened.
  public var block: BlockIndex {
    switch self {
    case .block(let record): record.block
    case .drop(let block, _), .underrun(let block, _), .yield(let block, _),
      .refresh(let block, _), .defects(let block, _, _, _), .late(let block, _, _),
      .command(let block, _), .deviceLost(let block, _), .deviceBack(let block, _),
      .end(let block, _, _):
      block
    }
  }
}

extension JournalEvent: Codable {
  private enum Kind: String, Codable {
    case block, drop, underrun, yield, refresh, defects, late, command, deviceLost, deviceBack, end
  }

  private enum Key: CodingKey {
    case event, block, count, samples, positions, notFinite, clipped, missing, underrun, dropped
    case text, device, reason, detail
  }

  /// Reads it from its JSON form.
  ///
  /// - Parameter decoder: Where from.
  /// - Throws: `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let line = try decoder.container(keyedBy: Key.self)
    let kind = try line.decode(Kind.self, forKey: .event)
    if kind == .block {
      self = .block(try BlockRecord(from: decoder))
      return
    }
    let block = try line.decode(BlockIndex.self, forKey: .block)
    switch kind {
    case .block, .drop:
      self = .drop(block, count: try line.decode(Int.self, forKey: .count))
    case .underrun:
      self = .underrun(block, samples: try line.decode(Int.self, forKey: .samples))
    case .yield:
      self = .yield(block, samples: try line.decode(Int.self, forKey: .samples))
    case .refresh:
      self = .refresh(block, positions: try line.decode(Int.self, forKey: .positions))
    case .defects:
      self = .defects(
        block, notFinite: try line.decode(Int.self, forKey: .notFinite),
        clipped: try line.decode(Int.self, forKey: .clipped),
        missing: try line.decode(Int.self, forKey: .missing))
    case .late:
      self = .late(
        block, underrun: try line.decode(Int.self, forKey: .underrun),
        dropped: try line.decode(Int.self, forKey: .dropped))
    case .command:
      self = .command(block, text: try line.decode(String.self, forKey: .text))
    case .deviceLost:
      self = .deviceLost(block, device: try line.decode(String.self, forKey: .device))
    case .deviceBack:
      self = .deviceBack(block, device: try line.decode(String.self, forKey: .device))
    case .end:
      self = .end(
        block, reason: try line.decode(EndReason.self, forKey: .reason),
        detail: try line.decode(String.self, forKey: .detail))
    }
  }

  /// Writes its JSON form.
  ///
  /// - Parameter encoder: Where to.
  /// - Throws: `EncodingError`.
  public func encode(to encoder: any Encoder) throws {
    var line = encoder.container(keyedBy: Key.self)
    if case .block(let record) = self {
      try line.encode(Kind.block, forKey: .event)
      try record.encode(to: encoder)
      return
    }
    try line.encode(block, forKey: .block)
    switch self {
    case .block:
      break
    case .drop(_, let count):
      try line.encode(Kind.drop, forKey: .event)
      try line.encode(count, forKey: .count)
    case .underrun(_, let samples):
      try line.encode(Kind.underrun, forKey: .event)
      try line.encode(samples, forKey: .samples)
    case .yield(_, let samples):
      try line.encode(Kind.yield, forKey: .event)
      try line.encode(samples, forKey: .samples)
    case .refresh(_, let positions):
      try line.encode(Kind.refresh, forKey: .event)
      try line.encode(positions, forKey: .positions)
    case .defects(_, let notFinite, let clipped, let missing):
      try line.encode(Kind.defects, forKey: .event)
      try line.encode(notFinite, forKey: .notFinite)
      try line.encode(clipped, forKey: .clipped)
      try line.encode(missing, forKey: .missing)
    case .late(_, let underrun, let dropped):
      try line.encode(Kind.late, forKey: .event)
      try line.encode(underrun, forKey: .underrun)
      try line.encode(dropped, forKey: .dropped)
    case .command(_, let text):
      try line.encode(Kind.command, forKey: .event)
      try line.encode(text, forKey: .text)
    case .deviceLost(_, let device):
      try line.encode(Kind.deviceLost, forKey: .event)
      try line.encode(device, forKey: .device)
    case .deviceBack(_, let device):
      try line.encode(Kind.deviceBack, forKey: .event)
      try line.encode(device, forKey: .device)
    case .end(_, let reason, let detail):
      try line.encode(Kind.end, forKey: .event)
      try line.encode(reason, forKey: .reason)
      try line.encode(detail, forKey: .detail)
    }
  }
}
