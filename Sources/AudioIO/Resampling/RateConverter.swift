import CSampleRate

/// The owner of a libsamplerate state; the only code that calls the library.
///
/// The converter is the medium one of the three by windowed sinc (J. O. Smith, "Digital Audio
/// Resampling"): 121 dB signal to noise, 90 % of the bandwidth.
struct RateConverter: ~Copyable {
  private let state: OpaquePointer
  let ratio: Double

  init(ratio: Double) {
    var code: Int32 = 0
    guard let state = src_new(Int32(SRC_SINC_MEDIUM_QUALITY), 1, &code) else {
      fatalError("No resampler could be made: \(Self.message(code))")
    }
    self.state = state
    self.ratio = ratio
  }

  deinit { src_delete(state) }

  static func supports(ratio: Double) -> Bool { src_is_valid_ratio(ratio) != 0 }

  /// Converts all of the input that can be converted now.
  func convert(_ input: [Float], isLast: Bool) -> [Float] {
    var output: [Float] = []
    var used = 0
    while true {
      let room = Int((Double(input.count - used) * ratio).rounded(.up)) + 256
      var consumed = 0
      let piece = [Float](unsafeUninitializedCapacity: room) { piece, count in
        input.withUnsafeBufferPointer { input in
          var data = SRC_DATA()
          data.data_in = input.baseAddress.map { $0 + used }
          data.input_frames = input.count - used
          data.data_out = piece.baseAddress
          data.output_frames = room
          data.end_of_input = isLast ? 1 : 0
          data.src_ratio = ratio
          Self.check(src_process(state, &data))
          consumed = data.input_frames_used
          count = data.output_frames_gen
        }
      }
      used += consumed
      let isDone = piece.count < room && (used == input.count || consumed == 0)
      if output.isEmpty && isDone { return piece }
      output.append(contentsOf: piece)
      if isDone { return output }
    }
  }

  func reset() { Self.check(src_reset(state)) }

  /// The arguments are all ours, so that an error is one of this file.
  private static func check(_ code: Int32) {
    guard code == 0 else { fatalError("libsamplerate: \(message(code))") }
  }

  private static func message(_ code: Int32) -> String {
    src_strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }
}
