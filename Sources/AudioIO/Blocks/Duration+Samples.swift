extension Duration {
  /// Seconds as a number.
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }

  /// How many samples of a rate last so long, to the nearest.
  func samples(at rate: Int) -> Int { Int((seconds * Double(rate)).rounded()) }

  /// How long samples of a rate last.
  init(samples: Int, at rate: Int) {
    // In two parts: a damaged file may claim more samples than nanoseconds have room for.
    let (seconds, rest) = samples.quotientAndRemainder(dividingBy: rate)
    self = .seconds(seconds) + .nanoseconds(rest * 1_000_000_000 / rate)
  }
}
