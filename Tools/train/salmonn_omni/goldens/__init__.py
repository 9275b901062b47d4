"""Golden files for the Swift tests, made from seeds with the reference implementations.

Each module here has `write(root)`, which writes its files below `root/<TestTarget>/Goldens/`.
"""
