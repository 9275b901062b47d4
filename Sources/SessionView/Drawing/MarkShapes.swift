/// The shape and colour of each kind of mark: kinds differ in both.
extension EventMark.Kind {
  var ink: Ink {
    switch self {
    case .drop: .warning
    case .underrun: .underrun
    case .late: .late
    case .mended: .mended
    case .yield: .yield
    case .refresh: .refresh
    case .deviceLost, .deviceBack: .device
    case .command: .command
    case .end: .ink
    }
  }
}

extension Canvas {
  /// Draws a mark's shape, about 9 points large.
  func shape(_ kind: EventMark.Kind, at centre: Point) {
    let (x, y, r) = (centre.x, centre.y, 4.5)
    switch kind {
    case .drop:
      fill(
        polygon: [
          Point(x: x - r, y: y - r), Point(x: x + r, y: y - r), Point(x: x, y: y + r),
        ], .warning)
    case .underrun:
      fill(
        polygon: [
          Point(x: x, y: y - r - 0.5), Point(x: x + r + 0.5, y: y), Point(x: x, y: y + r + 0.5),
          Point(x: x - r - 0.5, y: y),
        ], .underrun)
    case .yield:
      line([Point(x: x - r, y: y - r), Point(x: x + r, y: y + r)], .yield, width: 2.2)
      line([Point(x: x - r, y: y + r), Point(x: x + r, y: y - r)], .yield, width: 2.2)
    case .late:
      // Two bars, as of a pause.
      fill(Box(x: x - r, y: y - r, width: 3, height: 2 * r), .late)
      fill(Box(x: x + r - 3, y: y - r, width: 3, height: 2 * r), .late)
    case .mended:
      line([Point(x: x - r, y: y), Point(x: x + r, y: y)], .mended, width: 2.2)
      line([Point(x: x, y: y - r), Point(x: x, y: y + r)], .mended, width: 2.2)
    case .refresh:
      fill(
        polygon: [
          Point(x: x - r, y: y + r), Point(x: x + r, y: y + r), Point(x: x, y: y - r),
        ], .refresh)
    case .deviceLost:
      fill(Box(x: x - r, y: y - r, width: 2 * r, height: 2 * r), .device)
    case .deviceBack:
      frame(Box(x: x - r + 1, y: y - r + 1, width: 2 * r - 2, height: 2 * r - 2), .device, width: 2)
    case .command:
      disc(centre, radius: r, .command)
    case .end:
      fill(Box(x: x - 1, y: y - r, width: 2, height: 2 * r), .ink)
      fill(
        polygon: [
          Point(x: x + 1, y: y - r), Point(x: x + r + 3, y: y - r / 2), Point(x: x + 1, y: y),
        ], .ink)
    }
  }
}
