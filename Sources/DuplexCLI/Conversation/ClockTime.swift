/// Times as they are shown.
enum ClockTime {
  /// Minutes, seconds and hundredths, such as `1:02.48`; hours where there are any.
  static func text(_ time: Duration, hundredths: Bool = true) -> String {
    let (seconds, attoseconds) = time.components
    let (minutes, second) = seconds.quotientAndRemainder(dividingBy: 60)
    let (hours, minute) = minutes.quotientAndRemainder(dividingBy: 60)
    let rest = hundredths ? "." + padded(attoseconds / 10_000_000_000_000_000) : ""
    return hours > 0
      ? "\(hours):\(padded(minute)):\(padded(second))\(rest)" : "\(minute):\(padded(second))\(rest)"
  }

  /// Milliseconds with one digit after the point, two below 10.
  static func milliseconds(_ time: Duration) -> String {
    let value = time / .milliseconds(1)
    return ModelReport.decimal(value, value < 10 ? 2 : 1)
  }

  private static func padded(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
