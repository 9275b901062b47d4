import TestSupport

/// The path of a golden file of this target.
func golden(_ name: String) -> String { Goldens.path("checkpoints/\(name)") }
