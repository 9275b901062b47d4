import Checkpoints
import Kernels
import SpeechModel

/// A model's summary as text.
enum ModelReport {
  static func text(_ summary: ModelSummary, listsTensors: Bool) -> String {
    var lines = ["\(summary.name) (\(summary.kind.rawValue))"]
    if !summary.parts.isEmpty {
      lines.append("")
      lines += table(
        [["part", "shape", "tensors", "weights", "types", "size", "state"]]
          + summary.parts.map(row)
          + (summary.parts.count > 1 ? [total(summary.parts)] : []))
      lines.append("")
      lines.append("memory needed: \(bytes(summary.memoryByteCount))")
    }
    lines += summary.notes
    for part in summary.parts {
      lines += part.faults.map { "fault in the \(part.name): \($0)" }
      if listsTensors {
        lines.append("")
        lines += table(
          part.tensors.map { name, info in
            [name, "\(info.shape)", info.type.rawValue, bytes(info.byteCount)]
          })
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func row(_ part: ModelSummary.Part) -> [String] {
    [
      part.name, part.shape, "\(part.tensors.count)", count(part.parameters),
      part.types.map(\.type.rawValue).joined(separator: "+"), bytes(part.byteCount),
      part.stateByteCount > 0 ? bytes(part.stateByteCount) : "-",
    ]
  }

  private static func total(_ parts: [ModelSummary.Part]) -> [String] {
    [
      "total", "", "\(parts.reduce(0) { $0 + $1.tensors.count })",
      count(parts.reduce(0) { $0 + $1.parameters }), "",
      bytes(parts.reduce(0) { $0 + $1.byteCount }),
      bytes(parts.reduce(0) { $0 + $1.stateByteCount }),
    ]
  }

  /// Columns side by side; what starts with a digit stands at the right of its column.
  static func table(_ rows: [[String]]) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let space = String(repeating: " ", count: widths[column] - cell.count)
        line += (cell.first?.isNumber == true && column > 1 ? space + cell : cell + space) + "  "
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  static func count(_ value: Int) -> String { scaled(Double(value), 1000, ["", " K", " M", " B"]) }

  static func bytes(_ value: Int) -> String {
    scaled(Double(value), 1024, [" B", " KiB", " MiB", " GiB"])
  }

  private static func scaled(_ value: Double, _ base: Double, _ units: [String]) -> String {
    var (value, unit) = (value, 0)
    while value >= base, unit < units.count - 1 {
      value /= base
      unit += 1
    }
    return unit == 0 ? "\(Int(value))\(units[0])" : decimal(value, value < 10 ? 2 : 1) + units[unit]
  }

  /// A number with so many digits after the point.
  static func decimal(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = Int((value * scale).rounded())
    let sign = rounded < 0 ? "-" : ""
    let whole = abs(rounded) / Int(scale)
    let rest = String(abs(rounded) % Int(scale))
    return sign
      + (digits == 0
        ? "\(whole)" : "\(whole)." + String(repeating: "0", count: digits - rest.count) + rest)
  }
}
