import CCairo

/// A place in a drawing, in points from the upper left corner.
struct Point: Equatable {
  var x: Double
  var y: Double
}

/// A rectangle of a drawing, in points.
package struct Box: Equatable {
  package var x: Double
  package var y: Double
  package var width: Double
  package var height: Double

  package init(x: Double, y: Double, width: Double, height: Double) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  package var right: Double { x + width }
  package var bottom: Double { y + height }
}

/// Where a text stands relative to its point.
enum TextAnchor {
  case left, centre, right
}

/// Draws on a Cairo surface, in the colours of a scheme.
struct Canvas: ~Copyable, TextMeasure {
  private let context: OpaquePointer
  private let scheme: ColourScheme

  /// Takes the surface's context; the surface belongs to the caller.
  init(surface: OpaquePointer, scheme: ColourScheme) {
    context = cairo_create(surface)
    self.scheme = scheme
    cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
    // Without hints a text is equally wide in a picture and on a page.
    let options = cairo_font_options_create()
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE)
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF)
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
    cairo_set_font_options(context, options)
    cairo_font_options_destroy(options)
  }

  deinit { cairo_destroy(context) }

  // MARK: Areas

  func fillAll(_ ink: Ink) {
    set(ink, 1)
    cairo_paint(context)
  }

  func fill(_ box: Box, _ ink: Ink, opacity: Double = 1) {
    cairo_rectangle(context, box.x, box.y, box.width, box.height)
    fillPath(ink, opacity)
  }

  /// Fills many rectangles as one shape.
  func fill(_ boxes: [Box], _ ink: Ink, opacity: Double = 1) {
    guard !boxes.isEmpty else { return }
    for box in boxes {
      cairo_rectangle(
        context, box.x.onGrid, box.y.onGrid, box.width.onGrid, box.height.onGrid)
    }
    fillPath(ink, opacity)
  }

  func fill(polygon points: [Point], _ ink: Ink, opacity: Double = 1) {
    guard trace(points) else { return }
    cairo_close_path(context)
    fillPath(ink, opacity)
  }

  func disc(_ centre: Point, radius: Double, _ ink: Ink) {
    cairo_new_sub_path(context)
    cairo_arc(context, centre.x, centre.y, radius, 0, 2 * .pi)
    fillPath(ink, 1)
  }

  // MARK: Lines

  func line(
    _ points: [Point], _ ink: Ink, width: Double = 1, opacity: Double = 1, dash: [Double] = []
  ) {
    guard trace(points) else { return }
    set(ink, opacity)
    cairo_set_line_width(context, width)
    cairo_set_dash(context, dash, Int32(dash.count), 0)
    cairo_stroke(context)
  }

  func frame(_ box: Box, _ ink: Ink, width: Double = 1) {
    cairo_rectangle(context, box.x, box.y, box.width, box.height)
    set(ink, 1)
    cairo_set_line_width(context, width)
    cairo_set_dash(context, nil, 0, 0)
    cairo_stroke(context)
  }

  // MARK: Text

  /// Writes a text with its base line at a point.
  func text(
    _ text: String, at point: Point, size: Double, _ ink: Ink, anchor: TextAnchor = .left,
    bold: Bool = false
  ) {
    let width = anchor == .left ? 0 : measure(text, size: size, bold: bold)
    let shift = anchor == .left ? 0 : anchor == .centre ? width / 2 : width
    select(size, bold)
    set(ink, 1)
    cairo_move_to(context, (point.x - shift).onGrid, point.y.onGrid)
    cairo_show_text(context, text)
    cairo_new_path(context)
  }

  func measure(_ text: String, size: Double, bold: Bool) -> Double {
    select(size, bold)
    var extents = cairo_text_extents_t()
    cairo_text_extents(context, text, &extents)
    return max(extents.x_advance, extents.x_bearing + extents.width)
  }

  // MARK: Parts

  private func select(_ size: Double, _ bold: Bool) {
    cairo_select_font_face(
      context, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
      bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
    cairo_set_font_size(context, size)
  }

  private func trace(_ points: [Point]) -> Bool {
    guard let first = points.first, points.count > 1 else { return false }
    cairo_move_to(context, first.x.onGrid, first.y.onGrid)
    for point in points.dropFirst() { cairo_line_to(context, point.x.onGrid, point.y.onGrid) }
    return true
  }

  private func fillPath(_ ink: Ink, _ opacity: Double) {
    set(ink, opacity)
    cairo_fill(context)
  }

  private func set(_ ink: Ink, _ opacity: Double) {
    let colour = ink.colour(scheme)
    cairo_set_source_rgba(
      context, Double(colour >> 16 & 255) / 255, Double(colour >> 8 & 255) / 255,
      Double(colour & 255) / 255, opacity)
  }
}

extension Double {
  /// On a grid of 1/16 point: finer is not seen, and is short to write.
  fileprivate var onGrid: Double { (self * 16).rounded() / 16 }
}
