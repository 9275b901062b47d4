/// A colour scheme.
public enum ColourScheme: String, CaseIterable, Sendable {
  /// Dark on white.
  case light
  /// Light on near black.
  case dark
}

/// What a colour is for; a drawing names colours only so.
///
/// Stages and streams have the hues of Paul Tol's muted scheme, which people with the common kinds
/// of colour blindness tell apart. Marks differ in shape as well.
enum Ink: String, CaseIterable {
  case page, panel, ink, muted, rule, grid
  case environment, assistant, speaking, think, shift
  case capture, encoder, language, synthesizer, playback, waiting
  case warning, underrun, late, mended, yield, refresh, device, command

  /// The light and the dark scheme's colour, as 0xRRGGBB.
  ///
  /// No two light ones are equal: a page finds the use of a colour by them.
  private var values: (light: UInt32, dark: UInt32) {
    switch self {
    case .page: (0xFFFFFF, 0x14171C)
    case .panel: (0xF6F7F9, 0x1B1F26)
    case .ink: (0x1B1F24, 0xE8EAED)
    case .muted: (0x59626E, 0xA3ACB8)
    case .rule: (0xB9C0CA, 0x4A5360)
    case .grid: (0xE4E7EB, 0x2A303A)
    case .environment: (0x3C6AA8, 0x7FB0F0)
    case .assistant: (0x0B7A61, 0x4FC7A6)
    case .speaking: (0xD3EDE4, 0x1F3D37)
    case .think: (0x868E99, 0x8C95A2)
    case .shift: (0xD55E00, 0xFF8F3F)
    case .capture: (0xCDBA5C, 0xDDCC77)
    case .encoder: (0x74BFE6, 0x88CCEE)
    case .language: (0x332288, 0x7C70DC)
    case .synthesizer: (0x44AA99, 0x3F9C8D)
    case .playback: (0xAA4499, 0xC76BB8)
    case .waiting: (0xCDD2D9, 0x474F5B)
    case .warning: (0xC1121F, 0xFF5D5D)
    case .underrun: (0xB35900, 0xFFB04F)
    case .late: (0x9C5C00, 0xFFC46B)
    case .mended: (0xA8266B, 0xF291C4)
    case .yield: (0x7A1FA2, 0xD493F2)
    case .refresh: (0x4B6A1E, 0xB6D36F)
    case .device: (0x5D4037, 0xC9A79A)
    case .command: (0x0B5FA5, 0x6FB7FF)
    }
  }

  func colour(_ scheme: ColourScheme) -> UInt32 {
    scheme == .light ? values.light : values.dark
  }

  /// As a page writes it.
  func hex(_ scheme: ColourScheme) -> String {
    let digits = String(colour(scheme), radix: 16)
    return "#" + String(repeating: "0", count: 6 - digits.count) + digits
  }
}
