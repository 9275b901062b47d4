import ArgumentParser
import AudioIO

/// Which sound server and devices.
struct DeviceOptions: ParsableArguments {
  @Option(help: "The device to listen to (omni devices lists them).")
  var source: String?

  @Option(help: "The device to speak to.")
  var sink: String?

  @Option(help: "The sound server's address; without it the user's own.")
  var server: String?

  /// Makes sure that server and devices are there, and gives the names to show.
  func check() async throws -> (source: String, sink: String) {
    let devices = try await PulseDevices.list(server: server)
    return (
      try Self.choose(source, .source, "--source", devices),
      try Self.choose(sink, .sink, "--sink", devices)
    )
  }

  private static func choose(
    _ name: String?, _ kind: SoundDevice.Kind, _ option: String, _ devices: [SoundDevice]
  ) throws -> String {
    let found = devices.filter { $0.kind == kind }
    let noun = kind == .source ? "device to listen to" : "device to speak to"
    guard !found.isEmpty else {
      throw CommandFailure("the sound server has no \(noun); connect one, or use omni converse")
    }
    guard let name else {
      return (found.first { $0.isDefault } ?? found[0]).name
    }
    guard found.contains(where: { $0.name == name }) else {
      throw CommandFailure(
        "no \(noun) is called \(name); \(option) takes "
          + found.map(\.name).joined(separator: ", "))
    }
    return name
  }
}
