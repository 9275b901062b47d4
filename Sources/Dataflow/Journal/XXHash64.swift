/// The 64-bit variant of xxHash (Yann Collet, 2012), fed in pieces.
struct XXHash64 {
  private static let primes: (UInt64, UInt64, UInt64, UInt64, UInt64) = (
    0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9,
    0x85EB_CA77_C2B2_AE63, 0x27D4_EB2F_1656_67C5
  )

  private let seed: UInt64
  private var lanes: SIMD4<UInt64>
  /// Bytes that do not fill a stripe of 32 yet.
  private var tail: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
  private var total = 0

  init(seed: UInt64 = 0) {
    let (p1, p2, _, _, _) = Self.primes
    self.seed = seed
    lanes = SIMD4(seed &+ p1 &+ p2, seed &+ p2, seed, seed &- p1)
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var position = 0
    let held = total % 32
    total += bytes.count
    if held > 0 {
      position = min(32 - held, bytes.count)
      let piece = UnsafeRawBufferPointer(rebasing: bytes[..<position])
      withUnsafeMutableBytes(of: &tail) { tail in
        UnsafeMutableRawBufferPointer(rebasing: tail[held...]).copyMemory(from: piece)
      }
      guard held + position == 32 else { return }
      mix(tail.0, tail.1, tail.2, tail.3)
    }
    while bytes.count - position >= 32 {
      mix(
        Self.word(bytes, position), Self.word(bytes, position + 8),
        Self.word(bytes, position + 16), Self.word(bytes, position + 24))
      position += 32
    }
    withUnsafeMutableBytes(of: &tail) { tail in
      tail.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[position...]))
    }
  }

  mutating func update(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { update($0) }
  }

  func finished() -> UInt64 {
    let (_, p2, p3, _, p5) = Self.primes
    var hash = total >= 32 ? mergedLanes() : seed &+ p5
    hash &+= UInt64(total)
    withUnsafeBytes(of: tail) { bytes in
      finishTail(UnsafeRawBufferPointer(rebasing: bytes[..<(total % 32)]), &hash)
    }
    hash = (hash ^ (hash >> 33)) &* p2
    hash = (hash ^ (hash >> 29)) &* p3
    return hash ^ (hash >> 32)
  }

  private func finishTail(_ bytes: UnsafeRawBufferPointer, _ hash: inout UInt64) {
    let (p1, p2, p3, p4, p5) = Self.primes
    var position = 0
    while bytes.count - position >= 8 {
      hash ^= Self.round(0, Self.word(bytes, position))
      hash = Self.rotated(hash, 27) &* p1 &+ p4
      position += 8
    }
    if bytes.count - position >= 4 {
      let half = bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)
      hash ^= UInt64(UInt32(littleEndian: half)) &* p1
      hash = Self.rotated(hash, 23) &* p2 &+ p3
      position += 4
    }
    for byte in bytes[position...] {
      hash ^= UInt64(byte) &* p5
      hash = Self.rotated(hash, 11) &* p1
    }
  }

  private mutating func mix(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) {
    lanes[0] = Self.round(lanes[0], a)
    lanes[1] = Self.round(lanes[1], b)
    lanes[2] = Self.round(lanes[2], c)
    lanes[3] = Self.round(lanes[3], d)
  }

  private func mergedLanes() -> UInt64 {
    let (p1, _, _, p4, _) = Self.primes
    var hash =
      Self.rotated(lanes[0], 1) &+ Self.rotated(lanes[1], 7)
      &+ Self.rotated(lanes[2], 12) &+ Self.rotated(lanes[3], 18)
    for lane in 0..<4 { hash = (hash ^ Self.round(0, lanes[lane])) &* p1 &+ p4 }
    return hash
  }

  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotated(lane &+ word &* primes.1, 31) &* primes.0
  }

  private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
    (value << count) | (value >> (64 - count))
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }
}
