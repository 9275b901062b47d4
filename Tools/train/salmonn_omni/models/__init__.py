"""PyTorch modules with the tensor names and shapes of the public checkpoints."""
