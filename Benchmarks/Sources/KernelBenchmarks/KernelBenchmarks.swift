import Foundation
import Kernels

/// Products of the model's shapes, in all number formats, beside what the memory can deliver.
///
/// Prints a table, then one line of JSON. Arguments: `--quick` takes one shape.
@main
struct KernelBenchmarks {
  static let shapes = [
    (4096, 4096), (14336, 4096), (4096, 14336), (2048, 8192), (128_256, 4096),
  ]
  /// The time given to one row of the table, in seconds; the best run counts.
  static let budget = 0.12

  static func main() throws {
    let quick = CommandLine.arguments.contains("--quick")
    let processor = processorName()
    let bandwidth = [1, 2].map { MemoryBandwidth.measure(threads: $0) }
    print("\(processor), backend \(KernelBackend.best), OpenBLAS \(OpenBLASRuntime.coreName)")
    for (threads, found) in zip([1, 2], bandwidth) {
      print("memory read, \(threads) thread(s): \(found.formatted(1)) GB/s")
    }
    print(Row.header)
    var rows: [Row] = []
    for (outputs, inputs) in quick ? [shapes[0]] : shapes {
      for type in ElementType.allCases {
        // Two gigabytes of one matrix would measure the allocation.
        if outputs > 100_000 && type == .float32 { continue }
        let weights = copies(outputs: outputs, inputs: inputs, type: type)
        for threads in [1, 2] {
          let compute = Compute(threads: threads)
          for batch in [1, 2, 3, 8] where outputs < 100_000 || batch == 1 {
            let row = measure(
              weights, batch: batch, compute: compute, bandwidth: bandwidth[threads - 1])
            rows.append(row)
            print(row.line)
          }
        }
      }
    }
    let report = Report(processor: processor, memoryGBPerSecond: bandwidth, rows: rows)
    print(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
  }

  /// As many matrices as do not fit a cache together: in a model, others come between two uses.
  static func copies(outputs: Int, inputs: Int, type: ElementType) -> [WeightMatrix] {
    let first = WeightMatrix.random(rows: outputs, columns: inputs, type: type, seed: 0)
    let count = max(1, 256_000_000 / first.byteCount)
    return [first]
      + (1..<max(1, count)).map {
        WeightMatrix.random(rows: outputs, columns: inputs, type: type, seed: UInt64($0))
      }
  }

  /// The best of the runs that fit the budget, three at least.
  static func measure(
    _ copies: [WeightMatrix], batch: Int, compute: Compute, bandwidth: Double
  ) -> Row {
    let weights = copies[0]
    let x = Matrix(
      rows: batch, columns: weights.columns,
      values: (0..<batch * weights.columns).map { Float($0 % 251) / 125 - 1 })
    var (best, spent, runs) = (Double.infinity, 0.0, 0)
    while runs < max(3, copies.count) || spent < budget {
      let time = seconds { _ = compute.linear(x, copies[runs % copies.count]) }
      (best, spent, runs) = (min(best, time), spent + time, runs + 1)
    }
    let gigabytes = Double(weights.byteCount) / 1e9 / best
    return Row(
      type: weights.type.rawValue, outputs: weights.rows, inputs: weights.columns,
      xRows: batch, threads: compute.threads, milliseconds: best * 1e3,
      weightGBPerSecond: gigabytes,
      gflops: 2e-9 * Double(batch * weights.rows * weights.columns) / best,
      ofMemoryRead: gigabytes / bandwidth)
  }

  static func seconds(_ body: () -> Void) -> Double {
    let time = ContinuousClock().measure(body)
    return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
  }

  static func processorName() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "?"
  }
}

/// One measurement.
struct Row: Encodable {
  let type: String
  let outputs, inputs, xRows, threads: Int
  let milliseconds, weightGBPerSecond, gflops, ofMemoryRead: Double

  static let header = "type   outputs  inputs rows thr        ms    GB/s  GFLOP/s  of read"

  var line: String {
    [
      type.padded(5, left: false), String(outputs).padded(9), String(inputs).padded(8),
      String(xRows).padded(5), String(threads).padded(4), milliseconds.formatted(3).padded(10),
      weightGBPerSecond.formatted(1).padded(8), gflops.formatted(1).padded(9),
      ofMemoryRead.formatted(2).padded(9),
    ].joined()
  }
}

/// All of a run.
struct Report: Encodable {
  let processor: String
  let memoryGBPerSecond: [Double]
  let rows: [Row]
}

extension String {
  /// Fills up with spaces.
  func padded(_ width: Int, left: Bool = true) -> String {
    let space = String(repeating: " ", count: max(0, width - count))
    return left ? space + self : self + space
  }
}

extension Double {
  /// A fixed number of decimals.
  func formatted(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}
