package import Dataflow

/// One user, as an engine and its settings make it.
package struct Speaker: Sendable, Codable, Equatable {
  /// The program or collection: `espeak-ng`, `flite`, `festival`, `people`, `tones`.
  package var engine: String
  /// The engine's name of the voice, with its variant.
  package var voice: String
  /// The engine's pitch setting: 0 to 99 for espeak-ng, hertz for flite, per cent of its own for
  /// pico and rhvoice, 0 where unused, as by hibari and kokoro.
  package var pitch: Int
  /// Speed against the voice's own; above 1 is faster.
  package var rate: Double
  /// How far the whole spectrum is moved up: above 1 a shorter vocal tract and a higher voice.
  package var warp: Double

  /// Describes a speaker.
  package init(engine: String, voice: String, pitch: Int = 0, rate: Double = 1, warp: Double = 1) {
    self.engine = engine
    self.voice = voice
    self.pitch = pitch
    self.rate = rate
    self.warp = warp
  }

  /// A name that no other speaker has.
  package var id: String {
    "\(engine)/\(voice)/\(pitch)/\(Int((rate * 100).rounded()))/\(Int((warp * 100).rounded()))"
  }
}

/// How the users of a split are drawn.
package struct Cast: Sendable {
  /// Shares of the engines.
  package var shares: [(engine: String, share: Double)]
  private let rules: SplitRules
  private let split: Split

  /// The cast of a split; its engines are those that have voices in it.
  ///
  /// - Parameters:
  ///   - rules: What is kept apart.
  ///   - split: What the speakers are for.
  ///   - hasPython: Whether SVOX Pico, RHVoice and hibari are at hand, which PyPI has. Kokoro, which
  ///     is too slow for a draw among others, is asked for by its name.
  package init(rules: SplitRules, split: Split, hasPython: Bool = false) {
    self.rules = rules
    self.split = split
    shares = [("espeak-ng", 6)]
    if !rules.flite[split].isEmpty { shares.append(("flite", split == .train ? 3 : 2)) }
    if hasPython, !rules.pico[split].isEmpty { shares.append(("pico", 2.5)) }
    if hasPython, !rules.rhvoice[split].isEmpty { shares.append(("rhvoice", 2.5)) }
    if hasPython, !rules.hibari[split].isEmpty { shares.append(("hibari", 2.5)) }
    if !rules.festival[split].isEmpty { shares.append((rules.testOnlyEngine, 4)) }
  }

  /// A speaker, drawn.
  package func speaker(using random: inout SplitMix64) -> Speaker {
    let engine = random.pick(shares, weight: \.share)?.engine ?? "espeak-ng"
    return speaker(engine: engine, using: &random)
  }

  /// A speaker of one engine, drawn.
  package func speaker(engine: String, using random: inout SplitMix64) -> Speaker {
    let rate = random.uniform(0.85, 1.25)
    let warp = random.uniform(0.88, 1.15)
    switch engine {
    case "flite":
      let voice = random.pick(rules.flite[split]) ?? ""
      return Speaker(
        engine: engine, voice: voice, pitch: random.integer(85...190), rate: rate, warp: warp)
    case "festival":
      let voice = random.pick(rules.festival[split]) ?? ""
      return Speaker(
        engine: engine, voice: voice, rate: rate, warp: random.uniform(0.94, 1.08))
    case "pico":
      let voice = random.pick(rules.pico[split]) ?? ""
      return Speaker(
        engine: engine, voice: voice, pitch: random.integer(60...135), rate: rate,
        warp: random.uniform(0.84, 1.15))
    case "rhvoice":
      let voice = random.pick(rules.rhvoice[split]) ?? ""
      return Speaker(
        engine: engine, voice: voice, pitch: random.integer(70...140), rate: rate,
        warp: random.uniform(0.84, 1.15))
    case "hibari":
      let voice = random.pick(rules.hibari[split]) ?? ""
      // One woman's voice: the wide warp makes men of it, too.
      return Speaker(
        engine: engine, voice: voice, rate: rate, warp: random.uniform(0.76, 1.12))
    case "kokoro":
      // Half of them are the mean of two styles, which is nobody else's voice.
      let styles = rules.kokoro[split]
      var voice = random.pick(styles) ?? ""
      if random.chance(0.5), let other = random.pick(styles), other != voice {
        voice += "+\(other)"
      }
      return Speaker(
        engine: engine, voice: voice, rate: rate, warp: random.uniform(0.88, 1.12))
    case "people":
      let voice = random.pick(rules.digits.speakers) ?? ""
      let isTest = split == .test
      return Speaker(
        engine: engine, voice: voice, rate: 1, warp: isTest ? 1 : random.uniform(0.88, 1.14))
    default:
      let variants =
        switch split {
        case .train: rules.espeak.train
        case .valid: rules.espeak.valid
        case .test: rules.espeak.test
        }
      let accent = random.pick(rules.espeak.accents) ?? "en-us"
      let variant = random.pick(variants) ?? ""
      return Speaker(
        engine: "espeak-ng", voice: variant.isEmpty ? accent : "\(accent)+\(variant)",
        pitch: random.integer(20...80), rate: rate, warp: warp)
    }
  }
}
