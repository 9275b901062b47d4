extension VocoderConfiguration {
  /// Samples by which the output is behind the mel frames: after n frames, n large enough, the
  /// first `hop * n - delay` samples are out.
  ///
  /// Causal form: `hop * preLookahead` and half a window less a hop of the inverse STFT, with the
  /// default sizes 4 * 480 + 4 samples (80.2 ms), more where the pitch needs more of the future.
  /// Symmetric form: `hop * lookahead`, or the receptive field where that is less.
  public var delay: Int {
    guard form == .symmetric, let lookahead else { return receptiveDelay }
    return min(hop * lookahead, receptiveDelay)
  }

  /// Samples by which exact output, the same as that of the whole sequence, is behind.
  ///
  /// Found by counting through all convolutions on both ways, that of the mel frames and that of
  /// pitch and source.
  package var receptiveDelay: Int {
    var frames = 1
    while samplesReady(after: frames) == 0 { frames += 1 }
    frames += 2
    return hop * frames - samplesReady(after: frames)
  }

  /// Exact samples that are ready after the first frames of a stream.
  private func samplesReady(after frames: Int) -> Int {
    let spectrum = spectrumReady(after: frames)
    var rows = preGeometry.ready(after: frames)
    for stage in upsampleRates.indices {
      rows = upsampleRates[stage] * upsamplingGeometry(stage: stage).ready(after: rows)
      if stage == upsampleRates.count - 1, rows > 0 { rows += 1 }
      let side = residual(
        sourceGeometry(stage: stage).ready(after: spectrum), kernel: sourceKernels[stage],
        dilations: sourceDilations[stage])
      let joined = min(rows, side)
      rows =
        zip(residualKernels, residualDilations).map {
          residual(joined, kernel: $0, dilations: $1)
        }.min() ?? joined
    }
    rows = geometry(kernel: postKernel).ready(after: rows)
    return max(0, fourierHop * rows - fourierSize / 2)
  }

  /// Frames of the source's STFT that are ready.
  private func spectrumReady(after frames: Int) -> Int {
    var pitch = frames
    for layer in 0..<pitchLayers { pitch = pitchGeometry(layer: layer).ready(after: pitch) }
    let samples = sourceSamples(pitchFrames: pitch, ended: false)
    return samples > fourierSize / 2
      ? fourierGeometry.ready(after: fourierSize / 2 + samples) : 0
  }

  /// Source samples that a number of pitch frames determines.
  func sourceSamples(pitchFrames: Int, ended: Bool) -> Int {
    guard phase == .interpolated, !ended, pitchFrames > 0 else { return hop * pitchFrames }
    return hop * (pitchFrames - 1) + (hop + 1) / 2
  }

  private func residual(_ rows: Int, kernel: Int, dilations: [Int]) -> Int {
    dilations.reduce(rows) { rows, dilation in
      geometry(kernel: kernel).ready(
        after: geometry(kernel: kernel, dilation: dilation).ready(after: rows))
    }
  }
}
