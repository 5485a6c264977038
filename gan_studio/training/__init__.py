"""The trainer, the run around it, and checkpoints."""
