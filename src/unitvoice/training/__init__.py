"""Training: batches by step, one flat loop, checkpoints that resume exactly."""
