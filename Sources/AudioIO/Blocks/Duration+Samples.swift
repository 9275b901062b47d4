extension Duration {
  /// Seconds as a number.
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }

  /// How many samples of a rate last so long, to the nearest.
  func samples(at rate: Int) -> Int { Int((seconds * Double(rate)).rounded()) }

  /// How long samples of a rate last.
  init(samples: Int, at rate: Int) {
    self = .nanoseconds(samples * 1_000_000_000 / rate)
  }
}
