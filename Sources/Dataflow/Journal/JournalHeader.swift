/// The first line of a journal: all that a session depends on besides its input.
public struct JournalHeader: Codable, Hashable, Sendable {
  /// The format that this build writes and reads.
  public static let currentVersion = 1

  /// What a header's `format` says.
  static let format = "omni-journal"

  /// Marks the file as a journal.
  let format: String
  /// The format version.
  public let version: Int
  /// The seed of each sampler, by the sampler's name.
  public var seeds: [String: UInt64]
  /// The session's configuration.
  public var configuration: JSONValue
  /// The digest of the model's files.
  public var modelDigest: String
  /// The kernels that computed: library and configuration.
  public var kernels: String
  /// The processor core that the kernels were chosen for.
  public var core: String
  /// How many threads computed.
  public var threads: Int

  /// Describes a session in the current format.
  ///
  /// - Parameters:
  ///   - seeds: The seed of each sampler, by the sampler's name.
  ///   - configuration: The session's configuration.
  ///   - modelDigest: The digest of the model's files.
  ///   - kernels: The kernels that compute: library and configuration.
  ///   - core: The processor core that the kernels are chosen for.
  ///   - threads: How many threads compute.
  public init(
    seeds: [String: UInt64], configuration: JSONValue, modelDigest: String, kernels: String,
    core: String, threads: Int
  ) {
    format = Self.format
    version = Self.currentVersion
    self.seeds = seeds
    self.configuration = configuration
    self.modelDigest = modelDigest
    self.kernels = kernels
    self.core = core
    self.threads = threads
  }
}
