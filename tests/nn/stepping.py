"""Making a network that speaks sample by sample say what is wanted."""

import torch


def spoken(stepper, conditions, samples):
    """Logits (rows, S, ...) of a stepper that is made to speak given samples, (rows, S); its noise plays no part."""
    found = []
    noise = torch.full((stepper.rows, stepper.draws), 0.5)
    for row in range(stepper.rows):
        stepper.clear(row)
    for place in range(samples.shape[1]):
        stepper.step(conditions[:, place // stepper.hop], noise)
        stepper.remember(samples[:, place])  # some logits are of a part of a sample, given another part
        found.append(stepper.logits.clone())
    return torch.stack(found, dim=1)
