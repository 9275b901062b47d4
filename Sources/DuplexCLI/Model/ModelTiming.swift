import Checkpoints
import Dataflow
import Foundation
import Kernels
import SpeechModel

/// How long a bundle takes to load and to step on this machine, part by part.
///
/// Every block runs the encoder on both streams and the language model on its positions; the
/// synthesizer gets one text position a block, as while the model speaks. Parts run one after
/// the other, so the sum is what a machine without spare cores needs.
struct ModelTiming {
  struct Line {
    let part: String
    let milliseconds: [Double]

    var mean: Double { milliseconds.reduce(0, +) / Double(max(milliseconds.count, 1)) }
  }

  let name: String
  let threads: Int
  let backend: String
  let loadSeconds: [(part: String, seconds: Double)]
  let lines: [Line]
  let audioSeconds: Double
  let peakBytes: Int

  init(bundle: ModelBundle, blocks: Int, threads: Int) throws {
    let compute = Compute(threads: threads)
    let clock = ContinuousClock()
    func time<T>(_ body: () throws -> T) rethrows -> (T, Double) {
      let start = clock.now
      let result = try body()
      return (result, (clock.now - start) / .seconds(1))
    }
    var (encoder, encoderLoad) = try time { try bundle.encoder(compute: compute) }
    var (language, languageLoad) = try time { try bundle.language(compute: compute) }
    var (synthesizer, synthesizerLoad) = try time { try bundle.synthesizer(compute: compute) }
    let tokens = try bundle.stateTokens()

    var random = SeededRandom(seed: 1)
    var token = tokens.think
    var (heard, answered, spoken, total): ([Double], [Double], [Double], [Double]) = (
      [], [], [], []
    )
    var samples = 0
    let blockSamples = encoder.configuration.blockSamples
    for _ in 0..<blocks {
      let environment = (0..<blockSamples).map { _ in Float(random.uniform()) * 0.2 - 0.1 }
      let assistant = (0..<blockSamples).map { _ in Float(random.uniform()) * 0.2 - 0.1 }
      let (embeddings, first) = try time {
        try encoder.step(environment: environment, assistant: assistant)
      }
      let (output, second) = try time {
        try language.step(
          embeddings.environment.appending(embeddings.assistant)
            .appending(language.embeddings(of: [token])),
          tapLayer: bundle.manifest.language.tapLayer)
      }
      token = output.logits.indices.max { output.logits[$0] < output.logits[$1] } ?? token
      let (speech, third) = time {
        synthesizer.step([TextState(token: token, hidden: output.tapped)], textEnded: false)
      }
      if speech.end != nil { synthesizer.reset() }
      samples += speech.samples.count
      heard.append(first * 1000)
      answered.append(second * 1000)
      spoken.append(third * 1000)
      total.append((first + second + third) * 1000)
    }
    name = bundle.manifest.name
    self.threads = threads
    backend = compute.backend.rawValue
    loadSeconds = [
      ("encoder", encoderLoad), ("language model", languageLoad), ("synthesizer", synthesizerLoad),
    ]
    lines = [
      Line(part: "encoder, both streams", milliseconds: heard),
      Line(part: "language model", milliseconds: answered),
      Line(part: "synthesizer", milliseconds: spoken), Line(part: "all", milliseconds: total),
    ]
    audioSeconds = Double(samples) / Double(synthesizer.sampleRate)
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    peakBytes = usage.ru_maxrss * 1024
  }

  var text: String {
    let blocks = lines.first?.milliseconds.count ?? 0
    var rows = [["part", "load s", "mean ms", "median", "p99", "max", "of 80 ms"]]
    for line in lines {
      let load =
        loadSeconds.first { line.part.hasPrefix($0.part) }?.seconds
        ?? loadSeconds.reduce(0) { $0 + $1.seconds }
      rows.append([
        line.part, ModelReport.decimal(load, 2), ModelReport.decimal(line.mean, 2),
        ModelReport.decimal(line.milliseconds.percentile(50), 2),
        ModelReport.decimal(line.milliseconds.percentile(99), 2),
        ModelReport.decimal(line.milliseconds.percentile(100), 2),
        ModelReport.decimal(line.mean / 0.8, 0) + " %",
      ])
    }
    return
      (["\(name): \(blocks) blocks of 80 ms, \(threads) thread(s), kernels: \(backend)", ""]
      + ModelReport.table(rows)
      + [
        "",
        "peak memory: \(ModelReport.bytes(peakBytes)); "
          + "audio made: \(ModelReport.decimal(audioSeconds, 2)) s",
      ]).joined(separator: "\n")
  }

  var json: String {
    let object = JSONObject([
      ("name", .string(name)), ("threads", .integer(Int64(threads))), ("backend", .string(backend)),
      ("peakBytes", .integer(Int64(peakBytes))), ("audioSeconds", .number(audioSeconds)),
      (
        "loadSeconds",
        .object(JSONObject(loadSeconds.map { ($0.part, .number($0.seconds)) }))
      ),
      (
        "blockMilliseconds",
        .object(
          JSONObject(lines.map { ($0.part, .array($0.milliseconds.map { .number($0) })) }))
      ),
    ])
    return JSONValue.object(object).text()
  }
}
