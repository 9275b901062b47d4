"""Reference modules, golden files and training of salmonn-omni."""
