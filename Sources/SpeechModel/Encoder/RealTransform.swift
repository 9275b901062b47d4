import Foundation

/// Power spectra of eight real sequences at once, one in each SIMD lane.
///
/// A block of 80 ms has eight frames, so that one transform serves it. The real sequence is
/// transformed as a complex one of half the length by Stockham's mixed-radix algorithm. Lanes do
/// not mix: a sequence gets the same bits whatever its neighbours are.
struct RealTransform: Sendable {
  typealias Lanes = SIMD8<Float>

  /// The length of the real sequences.
  let length: Int
  private let radices: [Int]
  /// exp(-2 pi i k / length) for k in 0..<length.
  private let cosines: [Float]
  private let sines: [Float]

  /// - Important: Traps unless the length is even.
  init(length: Int) {
    precondition(length > 0 && length.isMultiple(of: 2))
    self.length = length
    var (radices, rest, candidate) = ([Int](), length / 2, 2)
    while rest.isMultiple(of: 4) { (rest, radices) = (rest / 4, radices + [4]) }
    while rest > 1 {
      while rest.isMultiple(of: candidate) {
        (rest, radices) = (rest / candidate, radices + [candidate])
      }
      candidate += 1
    }
    self.radices = radices
    let angles = (0..<length).map { -2 * Double.pi * Double($0) / Double(length) }
    cosines = angles.map { Float(cos($0)) }
    sines = angles.map { Float(sin($0)) }
  }

  /// Writes |X[k]|^2 for k in 0...length / 2.
  func powers(
    of input: UnsafeMutableBufferPointer<Lanes>, into output: UnsafeMutableBufferPointer<Lanes>
  ) {
    precondition(input.count == length && output.count == length / 2 + 1)
    let half = length / 2
    withUnsafeTemporaryAllocation(of: Lanes.self, capacity: 4 * half) { memory in
      var source = Complex(memory, at: 0, half)
      var target = Complex(memory, at: 2 * half, half)
      for k in 0..<half {
        source.real[k] = input[2 * k]
        source.imaginary[k] = input[2 * k + 1]
      }
      var (size, stride) = (half, 1)
      for radix in radices {
        if radix == 4 {
          passOfFour(size, stride, source, target)
        } else {
          pass(radix, size, stride, source, target)
        }
        (size, stride) = (size / radix, stride * radix)
        swap(&source, &target)
      }
      separate(source, into: output)
    }
  }

  private struct Complex {
    let real: UnsafeMutablePointer<Lanes>
    let imaginary: UnsafeMutablePointer<Lanes>

    init(_ memory: UnsafeMutableBufferPointer<Lanes>, at start: Int, _ count: Int) {
      real =
        UnsafeMutableBufferPointer(rebasing: memory[start..<start + count]).baseAddress
        ?? {
          preconditionFailure("an empty transform")
        }()
      imaginary = real + count
    }
  }

  /// One Stockham pass of any radix: `size` points remain per sequence, `stride` sequences.
  private func pass(_ radix: Int, _ size: Int, _ stride: Int, _ x: Complex, _ y: Complex) {
    let (m, half) = (size / radix, length / 2)
    cosines.withUnsafeBufferPointer { cosines in
      sines.withUnsafeBufferPointer { sines in
        for p in 0..<m {
          for j in 0..<radix {
            let (turnReal, turnImaginary) = (
              cosines[2 * p * j * stride], sines[2 * p * j * stride]
            )
            for q in 0..<stride {
              var (real, imaginary) = (Lanes.zero, Lanes.zero)
              for k in 0..<radix {
                let angle = 2 * (j * k % radix) * (half / radix)
                let from = q + stride * (p + m * k)
                let (a, b) = (x.real[from], x.imaginary[from])
                real += a * cosines[angle] - b * sines[angle]
                imaginary += a * sines[angle] + b * cosines[angle]
              }
              let to = q + stride * (radix * p + j)
              y.real[to] = real * turnReal - imaginary * turnImaginary
              y.imaginary[to] = real * turnImaginary + imaginary * turnReal
            }
          }
        }
      }
    }
  }

  /// The pass of radix 4, which needs no multiplications inside.
  private func passOfFour(_ size: Int, _ stride: Int, _ x: Complex, _ y: Complex) {
    let m = size / 4
    for p in 0..<m {
      for q in 0..<stride {
        let at = q + stride * p
        let (r0, i0) = (x.real[at], x.imaginary[at])
        let (r1, i1) = (x.real[at + stride * m], x.imaginary[at + stride * m])
        let (r2, i2) = (x.real[at + 2 * stride * m], x.imaginary[at + 2 * stride * m])
        let (r3, i3) = (x.real[at + 3 * stride * m], x.imaginary[at + 3 * stride * m])
        let (evenReal, evenImaginary) = (r0 + r2, i0 + i2)
        let (oddReal, oddImaginary) = (r1 + r3, i1 + i3)
        let (lowReal, lowImaginary) = (r0 - r2, i0 - i2)
        // -i (a1 - a3)
        let (sideReal, sideImaginary) = (i1 - i3, r3 - r1)
        let to = q + stride * 4 * p
        y.real[to] = evenReal + oddReal
        y.imaginary[to] = evenImaginary + oddImaginary
        turn(lowReal + sideReal, lowImaginary + sideImaginary, p * stride, to + stride, y)
        turn(evenReal - oddReal, evenImaginary - oddImaginary, 2 * p * stride, to + 2 * stride, y)
        turn(lowReal - sideReal, lowImaginary - sideImaginary, 3 * p * stride, to + 3 * stride, y)
      }
    }
  }

  @inline(__always)
  private func turn(_ real: Lanes, _ imaginary: Lanes, _ step: Int, _ to: Int, _ y: Complex) {
    let (c, s) = (cosines[2 * step], sines[2 * step])
    y.real[to] = real * c - imaginary * s
    y.imaginary[to] = real * s + imaginary * c
  }

  /// The real sequence's powers from the transform of its even (real) and odd (imaginary) samples.
  private func separate(_ z: Complex, into output: UnsafeMutableBufferPointer<Lanes>) {
    let half = length / 2
    for k in 0...half {
      let (here, mirrored) = (k % half, (half - k) % half)
      let evenReal = (z.real[here] + z.real[mirrored]) * 0.5
      let evenImaginary = (z.imaginary[here] - z.imaginary[mirrored]) * 0.5
      let oddReal = (z.imaginary[here] + z.imaginary[mirrored]) * 0.5
      let oddImaginary = (z.real[mirrored] - z.real[here]) * 0.5
      let (c, s) = (cosines[k], sines[k])
      let real = evenReal + oddReal * c - oddImaginary * s
      let imaginary = evenImaginary + oddReal * s + oddImaginary * c
      output[k] = real * real + imaginary * imaginary
    }
  }
}
