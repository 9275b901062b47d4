/// How an id is chosen from logits.
public struct SamplingConfiguration: Sendable, Equatable {
  /// Divides the logits; 0 takes the largest logit and draws nothing.
  public var temperature: Float
  /// How many of the most probable ids may be drawn, at least 1; nil for all.
  public var topK: Int?
  /// The most probable ids are kept while those before them hold less than this mass, in (0, 1].
  public var topP: Float?
  /// The least probability, as a share of the largest, that may be drawn, in [0, 1].
  public var minP: Float?
  /// Where the sequence of draws starts.
  public var seed: UInt64

  /// Always the id with the largest logit.
  public static let greedy = SamplingConfiguration(temperature: 0)

  /// Describes a choice.
  ///
  /// The cuts apply in this order: temperature, `topK`, `topP`, `minP`.
  public init(
    temperature: Float = 1, topK: Int? = nil, topP: Float? = nil, minP: Float? = nil,
    seed: UInt64 = 0
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.seed = seed
  }

  /// One line that says which value is out of range; nil where all are in range.
  public var problem: String? {
    if !(temperature >= 0 && temperature.isFinite) {
      return "temperature is \(temperature), expected 0 or more"
    }
    if let topK, topK < 1 { return "topK is \(topK), expected 1 or more" }
    if let topP, !(topP > 0 && topP <= 1) { return "topP is \(topP), expected over 0 to 1" }
    if let minP, !(minP >= 0 && minP <= 1) { return "minP is \(minP), expected 0 to 1" }
    return nil
  }
}
