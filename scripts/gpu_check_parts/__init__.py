"""The parts of scripts/gpu_check: what is run on a machine with a card, and how its results are written down."""
