import ArgumentParser
import AudioIO
import Foundation

/// `omni devices`: what can be listened to and spoken to.
struct DevicesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", abstract: "List the sound devices of the sound server.")

  @Option(help: "The sound server's address; without it the user's own.")
  var server: String?

  @Flag(help: "Print them as JSON.")
  var json = false

  func run() async throws {
    let devices = try await PulseDevices.list(server: server)
    print(json ? try DeviceList.json(devices) : DeviceList.text(devices))
  }
}

/// Sound devices as text and as JSON.
enum DeviceList {
  private struct Row: Encodable {
    let kind: String
    let name: String
    let description: String
    let isDefault: Bool
    let isMonitor: Bool
    let sampleRate: Int
    let channels: Int
  }

  static func json(_ devices: [SoundDevice]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let rows = devices.map {
      Row(
        kind: $0.kind.rawValue, name: $0.name, description: $0.description,
        isDefault: $0.isDefault, isMonitor: $0.isMonitor, sampleRate: $0.sampleRate,
        channels: $0.channels)
    }
    return String(decoding: try encoder.encode(rows), as: UTF8.self)
  }

  static func text(_ devices: [SoundDevice]) -> String {
    guard !devices.isEmpty else { return "the sound server has no devices" }
    let rows = devices.map { device in
      [
        device.kind.rawValue, device.isDefault ? "*" : "", device.name, "\(device.sampleRate) Hz",
        "\(device.channels) ch",
        device.description + (device.isMonitor ? " (what a sink plays)" : ""),
      ]
    }
    return
      (ModelReport.table([["kind", "", "name", "rate", "", "description"]] + rows)
      + ["", "* used where none is named; --source NAME and --sink NAME choose others"])
      .joined(separator: "\n")
  }
}
