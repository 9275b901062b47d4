import ArgumentParser
import AudioIO
import Dataflow
import Duplex
import Foundation
import Kernels
import SpeechModel

/// `omni doctor`: whether this machine can hold a conversation, line by line.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Test sound devices, model and machine: is a conversation possible here?",
    discussion: """
      It plays a short chirp through the loudspeaker and listens for it. Exit status 0: all is \
      well; 1: something needs to be done, and the line says what.
      """)

  @OptionGroup var devices: DeviceOptions
  @OptionGroup var model: ModelOptions

  @Option(help: "Blocks of 80 ms that the model is timed with.")
  var blocks = 150

  func validate() throws {
    if !(10...100_000).contains(blocks) { throw ValidationError("--blocks takes 10 to 100000.") }
  }

  func run() async throws {
    let isModelWell = try await checkModel()
    let isSoundWell = await checkSound()
    if !(isModelWell && isSoundWell) { throw ExitCode.failure }
  }

  private func say(_ isWell: Bool, _ subject: String, _ finding: String) {
    let name = subject.padding(toLength: 12, withPad: " ", startingAt: 0)
    print("\(isWell ? "good" : "BAD ")  \(name) \(finding)")
  }

  private func checkModel() async throws -> Bool {
    say(
      true, "kernels",
      "\(KernelBackend.best.rawValue), OpenBLAS for \(OpenBLASRuntime.coreName), "
        + "\(ProcessInfo.processInfo.activeProcessorCount) processors")
    let loaded = try model.load(seed: 0)
    say(
      true, "model",
      "\(loaded.model.manifest.name), loaded in \(ModelReport.decimal(loaded.loading / .seconds(1), 2)) s"
    )
    try await ModelProbe.warmUp(loaded.model)
    let latency = try await ModelProbe.run(loaded.model, blocks: blocks).latency.summary
    func milliseconds(_ time: Duration) -> String {
      ModelReport.decimal(time / .milliseconds(1), 1)
    }
    let isQuick = latency.p99 < BlockIndex.duration
    say(
      isQuick, "speed",
      "a block of 80 ms takes \(milliseconds(latency.p50)) ms (p99 \(milliseconds(latency.p99)), "
        + "largest \(milliseconds(latency.max))): "
        + "\(ModelReport.decimal(BlockIndex.duration / max(latency.p50, .microseconds(1)), 1)) "
        + "times real time"
        + (isQuick ? "" : "; end other programs, or choose a smaller model"))
    return isQuick
  }

  private func checkSound() async -> Bool {
    do {
      let names = try await devices.check()
      say(true, "devices", "listening to \(names.source), speaking to \(names.sink)")
      let speaker = try await Speaker(
        sampleRate: 16_000, device: devices.sink, server: devices.server)
      let microphone = try await Microphone(device: devices.source, server: devices.server)
      let loopback = try await Loopback.measure(microphone, speaker)
      _ = try await speaker.finish()
      return report(loopback)
    } catch {
      say(false, "sound", "\(error)")
      return false
    }
  }

  private func report(_ loopback: Loopback) -> Bool {
    let isQuiet = loopback.noiseFloor < -40
    say(
      isQuiet, "noise floor",
      "\(ModelReport.decimal(Double(loopback.noiseFloor), 0)) dB of full scale"
        + (isQuiet ? "" : "; turn the microphone down, or look for a quieter place"))
    guard let echo = loopback.echo, let delay = loopback.delay else {
      say(
        true, "echo",
        "the chirp was not heard: fine with headphones; otherwise turn both devices up")
      return isQuiet
    }
    let isPrompt = delay < .milliseconds(400)
    say(
      isPrompt, "delay",
      "\(ModelReport.decimal(delay / .milliseconds(1), 0)) ms from loudspeaker to microphone"
        + (isPrompt ? "" : "; wireless devices and high server latencies make it long"))
    let isSofter = echo.decibels < 6
    say(
      isSofter, "echo",
      "\(ModelReport.decimal(Double(echo.decibels), 1)) dB against what was played"
        + (isSofter ? "" : "; turn the microphone down"))
    return isQuiet && isPrompt && isSofter
  }
}
