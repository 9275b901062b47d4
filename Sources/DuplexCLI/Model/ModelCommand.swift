public import ArgumentParser
import Checkpoints
public import Kernels
import SpeechModel

/// `omni model`: what is in a model; converts and times it.
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Say what is in a model: parts, shapes, types, bytes, memory needed.",
    discussion: """
      PATH is a model bundle, a Hugging Face folder, a PEFT adapter folder, a GGUF file, a \
      safetensors file or index, or a tokenizer.json.
      """)

  @Argument(help: "The model: a folder or a file.", completion: .file())
  var path: String

  @Flag(help: "List every tensor.")
  var tensors = false

  @Option(
    name: .customLong("convert"),
    help: "Write the model with weights in another number format to a new folder.",
    completion: .directory)
  var output: String?

  @Option(help: "The number format to convert to: F32, F16, BF16, Q8_0 or Q4_0.")
  var type: ElementType = .q8_0

  @Option(help: "The number format of flow decoder and vocoder.")
  var synthesizerType: ElementType = .float16

  @Option(
    name: .customLong("time"),
    help: "Load a bundle, run so many blocks of 80 ms, and print the time of each part.")
  var blocks: Int?

  @Option(help: "Threads that share the work of a part.")
  var threads = 2

  @Flag(help: "Print the timing as JSON.")
  var json = false

  func validate() throws {
    if let blocks, blocks < 1 { throw ValidationError("--time takes at least 1 block.") }
    if !(1...256).contains(threads) { throw ValidationError("--threads takes 1 to 256.") }
  }

  func run() throws {
    if let output {
      try BundleConversion(type: type, synthesizerType: synthesizerType).convert(path, to: output)
      print(ModelReport.text(try ModelSummary(path: output), listsTensors: tensors))
    } else if let blocks {
      let timing = try ModelTiming(
        bundle: ModelBundle(path: path), blocks: blocks, threads: threads)
      print(json ? timing.json : timing.text)
    } else {
      let summary = try ModelSummary(path: path)
      print(ModelReport.text(summary, listsTensors: tensors))
      if summary.parts.contains(where: { !$0.faults.isEmpty }) { throw ExitCode.failure }
    }
  }
}

extension ElementType: ExpressibleByArgument {}
