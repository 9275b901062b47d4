import Checkpoints
import Foundation
import Kernels
import SpeechModel
import TestSupport
import Testing

struct VocoderTests {
  static let forms = [VocoderFixtures.tiny(.symmetric), VocoderFixtures.tiny(.causal)]
  static let exact =
    [VocoderFixtures.tiny(.causal), VocoderFixtures.accumulated]
    + [VocoderFixtures.tiny(.symmetric)].map {
      var sizes = $0
      sizes.lookahead = nil
      return sizes
    }

  // MARK: Parity

  @Test(arguments: ["symmetric", "causal", "accumulated"])
  func `pitch, source and samples agree with the reference`(name: String) throws {
    let sizes =
      switch name {
      case "symmetric": VocoderFixtures.tiny(.symmetric)
      case "causal": VocoderFixtures.tiny(.causal)
      default: VocoderFixtures.accumulated
      }
    let golden = try SafeTensorsFile(path: Goldens.path("vocoder/\(name).safetensors"))
    let mel = VocoderFixtures.mel("vocoder.mel", frames: 12)
    let count = 12 * sizes.hop
    var vocoder = try VocoderFixtures.vocoder(sizes)
    let excitation = vocoder.excitation(mel)
    let given = FilledTensors.plainValues(name: "vocoder.source", count: count).map {
      Float(0.1 * Double(Float($0)))
    }
    let filtered = vocoder.filter(mel, source: given)
    let samples = vocoder.step(mel, ended: true)
    #expect(relativeError(excitation.pitch, try golden.vector("pitch", count: 12)) < 1e-5)
    #expect(
      relativeError(filtered, try golden.vector("samples_of_source", count: count)) < 1e-4)
    // The phase adds up the roundings of the pitch, 480 samples a frame.
    #expect(
      relativeError(excitation.samples, try golden.vector("source", count: count)) < 1e-3)
    #expect(relativeError(samples, try golden.vector("samples", count: count)) < 1e-3)
  }

  @Test func `the full size repeats known pitch, source and samples`() throws {
    var vocoder = try VocoderFixtures.vocoder(VocoderConfiguration())
    let channelMajor = FilledTensors.plainValues(name: "hift.mel", count: 80 * 12)
    var mel = Matrix(rows: 12, columns: 80)
    for bin in 0..<80 {
      for frame in 0..<12 { mel[frame, bin] = Float(channelMajor[bin * 12 + frame]) }
    }
    let (pitch, source) = vocoder.excitation(mel)
    let knownPitch: [Float] = [
      147.51863, 150.34502, 147.56898, 153.64714, 153.36876, 152.21558, 138.35597, 159.36868,
    ]
    #expect(largestDifference(Array(pitch[..<8]), knownPitch) < 1e-3)
    #expect(abs(pitch[11] - 145.769913) < 1e-3)
    #expect(source[..<240].allSatisfy { abs($0 - 0.0023731) < 1e-6 })
    let knownSource: [Float] = [-0.0951959, -0.0963025, -0.0948226, -0.0908025, -0.0873933]
    #expect(largestDifference(Array(source[480..<484]) + [source[3000]], knownSource) < 1e-5)
    #expect(abs(rms(source) - 0.0671185) < 1e-6)

    let wave = vocoder.step(mel, ended: true)
    let knownWave: [Float] = [
      -0.0085595, 0.0030313, -0.0078802, -0.0083272, -0.0033736, 0.0067380, -0.0027996, -0.0132616,
      -0.0380589, 0.0032609, -0.0367656, 0.0097789,
    ]
    #expect(wave.count == 5760)
    #expect(largestDifference(Array(wave[..<8]) + Array(wave[1000..<1004]), knownWave) < 1e-5)
    #expect(abs(rms(wave) - 0.0257821) < 1e-6)

    let given = FilledTensors.plainValues(name: "hift.src", count: 5760).map { Float(0.1 * $0) }
    let filtered = vocoder.filter(mel, source: given)
    let knownFiltered: [Float] = [
      0.0008380, 0.0054090, -0.0015344, -0.0038226, -0.0025238, 0.0073173, -0.0063711, -0.0071920,
    ]
    #expect(largestDifference(Array(filtered[..<8]), knownFiltered) < 1e-6)
    #expect(abs(rms(filtered) - 0.0171650) < 1e-6)
  }

  @Test(arguments: VocoderFixtures.Naming.allCases)
  func `weights under each public naming give the same samples`(
    naming: VocoderFixtures.Naming
  ) throws {
    let mel = VocoderFixtures.mel("vocoder.mel", frames: 12)
    for sizes in Self.forms {
      var plain = try VocoderFixtures.vocoder(sizes)
      var named = try VocoderFixtures.vocoder(sizes, naming: naming)
      #expect(relativeError(named.step(mel, ended: true), plain.step(mel, ended: true)) < 1e-5)
    }
  }

  // MARK: Streaming

  @Test(arguments: [[1], [2], [3], [4], [8], [12], [5, 1, 9, 2]], exact)
  func `exact streaming gives the samples of the whole, hop samples a frame`(
    pieces: [Int], sizes: VocoderConfiguration
  ) throws {
    let mel = VocoderFixtures.mel("stream", frames: 41)
    var vocoder = try VocoderFixtures.vocoder(sizes, noiseSeed: 7)
    let whole = vocoder.step(mel, ended: true)
    let outputs = VocoderFixtures.stream(&vocoder, mel, pieces: pieces)
    #expect(whole.count == 41 * sizes.hop)
    #expect(largestDifference(outputs.flatMap { $0 }, whole) < 3e-5)
    var (given, taken) = (0, 0)
    for (index, output) in outputs.enumerated().dropLast() {
      given += output.count
      taken += pieces[index % pieces.count]
      #expect(given == max(0, taken * sizes.hop - vocoder.delay))
    }
  }

  @Test(arguments: [[1], [2], [3], [4], [8], [12], [5, 1, 9, 2]], exact)
  func `without a phase, which adds up roundings, streaming is exact to 1e-6`(
    pieces: [Int], sizes: VocoderConfiguration
  ) throws {
    var unvoiced = sizes
    unvoiced.voicedThreshold = 1e9
    let mel = VocoderFixtures.mel("stream", frames: 41)
    var vocoder = try VocoderFixtures.vocoder(unvoiced, noiseSeed: 7)
    let whole = vocoder.step(mel, ended: true)
    let outputs = VocoderFixtures.stream(&vocoder, mel, pieces: pieces)
    #expect(largestDifference(outputs.flatMap { $0 }, whole) < 1e-6)
  }

  @Test(arguments: [4, 24], [4, 8, 12])
  func `with less look-ahead than it needs, the symmetric form joins its pieces without a jump`(
    piece: Int, lookahead: Int
  ) throws {
    var sizes = VocoderFixtures.tiny(.symmetric)
    (sizes.lookahead, sizes.voicedThreshold, sizes.harmonics) = (lookahead, 10, 8)
    let mel = VocoderFixtures.mel("stream", frames: 72)
    var vocoder = try VocoderFixtures.vocoder(sizes, noiseSeed: 1)
    #expect(vocoder.delay == 480 * lookahead)
    let whole = vocoder.step(mel, ended: true)
    let outputs = VocoderFixtures.stream(&vocoder, mel, pieces: [piece])
    let samples = outputs.flatMap { $0 }
    try #require(samples.count == whole.count)

    let error = zip(samples, whole).map { $0 - $1 }
    let steps = zip(error.dropFirst(), error).map { abs($0 - $1) }
    let joints = Set(outputs.indices.map { i in outputs[...i].reduce(0) { $0 + $1.count } - 1 })
      .filter { $0 >= 0 && $0 < steps.count }
    let largest = steps.indices.filter { !joints.contains($0) }.map { steps[$0] }.max() ?? 0
    #expect(joints.count == 72 / piece - 1 - lookahead / piece)
    #expect(joints.allSatisfy { steps[$0] <= largest })
    // Measured, with weights that are noise: 11, 20 and 37 dB for pieces of 4 frames.
    let ratio = 20 * log10(rms(whole) / rms(error))
    #expect(ratio > [4: 8, 8: 16, 12: 30][lookahead, default: 0])
    #expect(abs(20 * log10(rms(samples) / rms(whole))) < 0.1)
  }

  @Test(arguments: 0...4, 0...3)
  func `the causal form is behind by no more than what it looks ahead`(
    pre: Int, pitch: Int
  ) throws {
    var sizes = VocoderFixtures.tiny(.causal)
    (sizes.preLookahead, sizes.pitchLookahead) = (pre, pitch)
    let mel = VocoderFixtures.mel("stream", frames: 13)
    var vocoder = try VocoderFixtures.vocoder(sizes)
    let whole = vocoder.step(mel, ended: true)
    let outputs = VocoderFixtures.stream(&vocoder, mel, pieces: [1])
    #expect(largestDifference(outputs.flatMap { $0 }, whole) < 3e-5)
    #expect(outputs.dropLast().reduce(0) { $0 + $1.count } == 12 * 480 - vocoder.delay)
    // The source's STFT frames look ahead by half a window, which costs the coarsest source
    // convolution one step of 60 samples.
    #expect(vocoder.delay == (pre > pitch ? 480 * pre + 4 : 480 * pitch + 64))
  }

  @Test(arguments: forms)
  func `samples put out do not depend on later frames`(sizes: VocoderConfiguration) throws {
    let mel = VocoderFixtures.mel("stream", frames: 30)
    let other = VocoderFixtures.mel("other", frames: 30)
    var vocoder = try VocoderFixtures.vocoder(sizes)
    for cut in [4, 9, 16] {
      let changed = mel.rows(0..<cut).appending(other.rows(cut..<30))
      let whole = vocoder.step(mel, ended: true)
      let different = vocoder.step(changed, ended: true)
      let first = zip(whole, different).enumerated().first { $1.0 != $1.1 }?.offset
      // What is out when `cut` frames are in must not change; what comes next must.
      let out = cut * sizes.hop - sizes.receptiveDelay
      #expect((first ?? 0) >= out)
      #expect((first ?? .max) <= max(out, 0) + 2 * sizes.hop)
    }
  }

  @Test(arguments: forms + [VocoderFixtures.accumulated])
  func `a reset repeats the samples, and a copy goes on by itself`(
    sizes: VocoderConfiguration
  ) throws {
    let mel = VocoderFixtures.mel("stream", frames: 36)
    var vocoder = try VocoderFixtures.vocoder(sizes, noiseSeed: 3)
    let first = VocoderFixtures.stream(&vocoder, mel, pieces: [4])
    _ = vocoder.step(mel.rows(5..<17))
    vocoder.reset()
    _ = vocoder.step(mel.rows(0..<4))
    _ = vocoder.step(mel.rows(4..<8))
    var copy = vocoder
    let tail = (2..<9).map { vocoder.step(mel.rows(4 * $0..<4 * $0 + 4), ended: $0 == 8) }
    #expect(tail == Array(first[2...]))
    let again = (2..<9).map { copy.step(mel.rows(4 * $0..<4 * $0 + 4), ended: $0 == 8) }
    #expect(again == tail)
  }

  @Test func `an end without frames gives no samples, and one after frames gives the rest`() throws
  {
    for sizes in Self.forms {
      var vocoder = try VocoderFixtures.vocoder(sizes)
      let nothing = Matrix(rows: 0, columns: 8)
      #expect(vocoder.step(nothing, ended: true).isEmpty)
      let mel = VocoderFixtures.mel("stream", frames: 11)
      let start = vocoder.step(mel)
      #expect(vocoder.step(nothing).isEmpty)
      let samples = start + vocoder.step(nothing, ended: true)
      #expect(samples.count == 11 * 480)
      #expect(vocoder.step(mel, ended: true).count == 11 * 480)
    }
  }

  // MARK: Noise

  @Test func `the noise follows its seed and fills the unvoiced frames`() throws {
    var sizes = VocoderFixtures.tiny(.causal)
    sizes.voicedThreshold = 1e6
    let mel = VocoderFixtures.mel("stream", frames: 12)
    let silent = try VocoderFixtures.vocoder(sizes).excitation(mel).samples
    #expect(silent.allSatisfy { $0 == silent[0] })
    let one = try VocoderFixtures.vocoder(sizes, noiseSeed: 1).excitation(mel).samples
    let two = try VocoderFixtures.vocoder(sizes, noiseSeed: 2).excitation(mel).samples
    #expect(one != two)
    let deviation = rms(one.map { $0 - silent[0] })
    let mix = FilledTensors.values(name: "m_source.l_linear.weight", shape: [1, 3])
    // Each of three waves has a third of the sines' amplitude.
    let expected: Float = 0.1 / 3 * rms(mix) * Float(3).squareRoot()
    #expect(abs(deviation - expected) < 0.05 * expected)
  }

  // MARK: Bad input

  @Test func `sizes that do not fit are refused with the field's name`() throws {
    typealias Change = (inout VocoderConfiguration) -> Void
    let changes: [(String, Change)] = [
      ("melBins", { $0.melBins = 0 }), ("upsampleRates", { $0.upsampleRates = [8, 5, 0] }),
      ("upsampleRates", { $0.upsampleRates = [] }),
      ("upsampleKernels", { $0.upsampleKernels = [15, 11, 7] }),
      ("baseChannels", { $0.baseChannels = 12 }), ("fourierHop", { $0.fourierHop = 5 }),
      ("residualKernels", { $0.residualKernels = [3, 4, 11] }),
      ("residualDilations", { $0.residualDilations = [[1], [0], [1]] }),
      ("sourceKernels", { $0.sourceKernels = [7] }), ("lookahead", { $0.lookahead = 0 }),
      ("preLookahead", { $0.preLookahead = 7 }),
      ("sineAmplitude", { $0.sineAmplitude = .nan }),
    ]
    for (field, change) in changes {
      var sizes = VocoderFixtures.tiny(.symmetric)
      change(&sizes)
      let error = #expect(throws: CheckpointError.self) { try sizes.validate() }
      #expect(error?.subject == "vocoder.\(field)")
    }
  }

  @Test func `a missing and a misshapen tensor are named`() throws {
    let sizes = VocoderFixtures.tiny(.causal)
    var larger = sizes
    larger.sourceKernels = [7, 5, 11]
    let tensors = VocoderFixtures.tensors(sizes)
    let misshapen = #expect(throws: CheckpointError.self) {
      try Vocoder(larger, from: tensors, compute: Compute())
    }
    #expect(misshapen?.code == .mismatch)
    #expect(
      misshapen?.subject == "source_resblocks.1.convs1.0.parametrizations.weight.original1")
    let missing = #expect(throws: CheckpointError.self) {
      try Vocoder(sizes, from: tensors, prefix: "other.", compute: Compute())
    }
    #expect(missing?.code == .missing)
    #expect(missing?.subject?.hasPrefix("other.f0_predictor.condnet.0") == true)
  }
}

func rms(_ x: [Float]) -> Float {
  Float((x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(x.count)).squareRoot())
}
