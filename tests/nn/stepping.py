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
        found.append(stepper.logits.clone())
        stepper.remember(samples[:, place])
    return torch.stack(found, dim=1)
