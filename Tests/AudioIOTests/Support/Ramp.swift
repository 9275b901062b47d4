/// A signal in which every sample says where it is: sample n is the 16-bit pattern n + 1.
struct Ramp {
  let samples: [Float]

  init(count: Int, from first: Int = 0) {
    precondition(first + count < 65_535)
    samples = (first..<(first + count)).map {
      Float(Int16(bitPattern: UInt16($0 + 1))) / 32_768
    }
  }

  /// Whole blocks; the last is filled up with what comes next.
  func blocks(of size: Int) -> [[Float]] {
    let whole = Ramp(count: (samples.count + size - 1) / size * size).samples
    return stride(from: 0, to: whole.count, by: size).map { Array(whole[$0..<($0 + size)]) }
  }

  /// Hears a ramp, silence between parts of it included.
  struct Listener {
    private(set) var count = 0
    private(set) var last = 0
    private(set) var skipped = 0
    private(set) var isInOrder = true

    mutating func listen(_ samples: [Float]) {
      for sample in samples {
        let number = Int(UInt16(bitPattern: Int16(sample * 32_768)))
        if number == 0 { continue }
        if number <= last { isInOrder = false }
        skipped += max(0, number - last - 1)
        last = number
        count += 1
      }
    }
  }
}
