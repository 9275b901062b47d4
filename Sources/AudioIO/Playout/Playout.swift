/// What waits before a device, as a pure machine: blocks in, as much out as the device asks for.
///
/// Sound is kept `target` samples ahead of its need. The target begins small, grows after each
/// underrun, and shrinks when none came for long enough. What is too much, after a burst of late
/// blocks or because two clocks differ, is dropped in silence where there is some in time.
package struct Playout: Sendable {
  private enum Phase {
    /// Nothing was given yet: silence is nobody's fault.
    case idle
    case playing
    /// Silence is played for want of a block.
    case starved
    /// Nothing more will be given.
    case ending
  }

  /// Something that the device took.
  private struct Run {
    let isSound: Bool
    var count: Int
  }

  package let sampleRate: Int
  package let policy: PlayoutPolicy
  /// How many samples are kept ready beyond the block being played.
  package private(set) var target: Int
  package private(set) var counts = PlayoutCounts()

  private var phase = Phase.idle
  private var queue: [Int16] = []
  private var head = 0
  /// Silence to play first, so that the target is reached.
  private var lead = 0
  private var isLeadUnderrun = false
  /// What the device took last, in order, as far back as its buffer can reach.
  private var recent: [Run] = []
  /// The smallest number of samples that waited before a put, and for how many samples.
  private var least = Int.max
  private var observed = 0
  /// How much is to be dropped in the next silence.
  private var excess = 0

  package init(sampleRate: Int, policy: PlayoutPolicy) {
    self.sampleRate = sampleRate
    self.policy = policy
    target = policy.startingTarget.samples(at: sampleRate)
  }

  package var isEmpty: Bool { queue.count == head && lead == 0 }

  /// Whether a put must wait.
  package var isFull: Bool {
    !policy.trims && counts.waiting >= policy.capacity.samples(at: sampleRate)
  }

  /// What waits, the silence before it included.
  package var buffered: Int { counts.waiting + lead }

  package mutating func put(_ samples: [Int16]) {
    precondition(phase != .ending, "Nothing is put after the end")
    counts.given += samples.count
    if phase == .playing {
      observe(samples.count)
    } else {
      lead = target
      isLeadUnderrun = phase == .starved
      phase = .playing
    }
    append(samples)
    if policy.trims { trim(samples) }
  }

  /// What the device plays next: always `count` samples, fewer at the end alone.
  package mutating func take(_ count: Int) -> [Int16] {
    var taken: [Int16] = []
    taken.reserveCapacity(count)
    if lead > 0 {
      let silence = min(lead, count)
      lead -= silence
      pad(&taken, silence, isUnderrun: isLeadUnderrun)
    }
    let sound = min(count - taken.count, counts.waiting)
    if sound > 0 {
      taken.append(contentsOf: queue[head..<(head + sound)])
      remember(Run(isSound: true, count: sound))
      counts.played += sound
      consume(sound)
    }
    let missing = count - taken.count
    guard missing > 0, phase != .ending else { return taken }
    if phase == .playing { starve() }
    pad(&taken, missing, isUnderrun: phase == .starved)
    return taken
  }

  /// Lets time pass without a device: what would have been played is dropped.
  package mutating func discard(_ count: Int) {
    let silence = min(lead, count)
    lead -= silence
    let sound = min(count - silence, counts.waiting)
    counts.dropped += sound
    consume(sound)
    if sound < count - silence && phase == .playing { phase = .idle }
  }

  /// The device went away before it had played the last `unheard` samples: their sound is dropped.
  package mutating func recall(_ unheard: Int) {
    var rest = unheard
    for run in recent.reversed() where rest > 0 {
      let count = min(rest, run.count)
      rest -= count
      if run.isSound {
        counts.played -= count
        counts.dropped += count
      }
    }
    recent = []
  }

  /// Silence that the device itself put in, because it was not served in time.
  package mutating func addUnderrun(_ count: Int) {
    guard phase == .playing || phase == .starved else { return }
    counts.underrun += count
    grow()
  }

  /// Nothing more will be put: what is left is played and no silence after it.
  package mutating func end() { phase = .ending }

  // MARK: Adaptation

  private mutating func starve() {
    phase = .starved
    grow()
  }

  private mutating func grow() {
    target = min(
      target + policy.step.samples(at: sampleRate), policy.maximumTarget.samples(at: sampleRate))
    (least, observed, excess) = (.max, 0, 0)
  }

  private mutating func observe(_ count: Int) {
    least = min(least, buffered)
    observed += count
    guard observed >= policy.quietTime.samples(at: sampleRate) else { return }
    let step = policy.step.samples(at: sampleRate)
    // There was always a step to spare, so a step less would have done.
    if least >= step {
      target = max(target - step, policy.startingTarget.samples(at: sampleRate))
    }
    excess = max(0, least - target)
    (least, observed) = (.max, 0)
  }

  /// Drops what is too much; `last` was put last.
  private mutating func trim(_ last: [Int16]) {
    let wanted = target + last.count
    // After a burst of late blocks there is too much at once.
    let isCrowded = buffered > wanted + 2 * last.count
    let surplus = isCrowded ? buffered - wanted : min(excess, max(0, buffered - wanted))
    if surplus > 0 && isSilent(last) {
      let count = min(surplus, last.count)
      queue.removeLast(count)
      counts.waiting -= count
      counts.dropped += count
      excess = max(0, excess - count)
    }
    // Sound is dropped only where otherwise everything would be heard too late: the oldest.
    if counts.waiting > policy.capacity.samples(at: sampleRate) {
      let count = counts.waiting - wanted
      counts.dropped += count
      lead = 0
      consume(count)
    }
  }

  /// No sample above -50 dBFS.
  private func isSilent(_ samples: [Int16]) -> Bool {
    samples.allSatisfy { $0 > -104 && $0 < 104 }
  }

  // MARK: Storage

  private mutating func append(_ samples: [Int16]) {
    queue.append(contentsOf: samples)
    counts.waiting += samples.count
  }

  private mutating func consume(_ count: Int) {
    head += count
    counts.waiting -= count
    if head >= queue.count - head {
      queue.removeSubrange(..<head)
      head = 0
    }
  }

  private mutating func pad(_ samples: inout [Int16], _ count: Int, isUnderrun: Bool) {
    samples.append(contentsOf: repeatElement(0, count: count))
    remember(Run(isSound: false, count: count))
    if isUnderrun { counts.underrun += count }
  }

  private mutating func remember(_ run: Run) {
    recent.append(run)
    // 64 pieces that a device asks for are far more than its buffer.
    if recent.count > 128 { recent.removeFirst(64) }
  }
}
