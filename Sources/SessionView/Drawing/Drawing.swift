import CCairo

/// Something of known size that can be drawn on any surface.
protocol Drawing {
  /// In points.
  var size: (width: Double, height: Double) { get }

  func draw(on canvas: borrowing Canvas)
}

extension Drawing {
  /// The drawing as a PNG file's bytes.
  func png(scale: Double, scheme: ColourScheme, title: String) throws(SessionViewError) -> [UInt8] {
    // Cairo's pictures have at most 32,767 rows, and nobody looks at more than a quarter of that.
    let scale = min(scale, 20_000 / max(size.width, size.height))
    let (width, height) = (size.width * scale, size.height * scale)
    let surface = cairo_image_surface_create(
      CAIRO_FORMAT_RGB24, Int32(width.rounded(.up)), Int32(height.rounded(.up)))
    defer { cairo_surface_destroy(surface) }
    guard let surface else { throw SessionViewError(.drawing, path: title) }
    try check(cairo_surface_status(surface), title)
    cairo_surface_set_device_scale(surface, scale, scale)
    draw(on: Canvas(surface: surface, scheme: scheme))
    try check(cairo_surface_status(surface), title)
    let bytes = ByteStream()
    try check(
      cairo_surface_write_to_png_stream(surface, ByteStream.write, bytes.pointer), title)
    return bytes.bytes
  }

  /// The drawing as an SVG file's bytes, in the light scheme.
  func svg(title: String) throws(SessionViewError) -> [UInt8] {
    let bytes = ByteStream()
    guard
      let surface = cairo_svg_surface_create_for_stream(
        ByteStream.write, bytes.pointer, size.width, size.height)
    else { throw SessionViewError(.drawing, path: title) }
    defer { cairo_surface_destroy(surface) }
    try check(cairo_surface_status(surface), title)
    draw(on: Canvas(surface: surface, scheme: .light))
    cairo_surface_finish(surface)
    try check(cairo_surface_status(surface), title)
    return bytes.bytes
  }
}

/// Measures texts before there is a surface of the right size.
struct TextRuler: ~Copyable, TextMeasure {
  private let surface: OpaquePointer
  private let canvas: Canvas

  init(title: String) throws(SessionViewError) {
    guard let surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1) else {
      throw SessionViewError(.drawing, path: title)
    }
    self.surface = surface
    canvas = Canvas(surface: surface, scheme: .light)
  }

  deinit { cairo_surface_destroy(surface) }

  func measure(_ text: String, size: Double, bold: Bool) -> Double {
    canvas.measure(text, size: size, bold: bold)
  }
}

/// Collects what Cairo writes.
private final class ByteStream {
  var bytes: [UInt8] = []

  /// Valid as long as the stream.
  var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  static let write: cairo_write_func_t = { stream, data, count in
    guard let stream, let data else { return CAIRO_STATUS_WRITE_ERROR }
    Unmanaged<ByteStream>.fromOpaque(stream).takeUnretainedValue().bytes
      .append(contentsOf: UnsafeBufferPointer(start: data, count: Int(count)))
    return CAIRO_STATUS_SUCCESS
  }
}

private func check(_ status: cairo_status_t, _ title: String) throws(SessionViewError) {
  guard status != CAIRO_STATUS_SUCCESS else { return }
  throw SessionViewError(
    .drawing, path: title, detail: String(cString: cairo_status_to_string(status)))
}
