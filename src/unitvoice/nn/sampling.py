"""Drawing from predicted distributions with given uniform numbers."""

from torch import Tensor

__all__ = ["draw_category"]


def draw_category(logits: Tensor, noise: Tensor) -> Tensor:
    """Draw categories by inverting the cumulated distribution.

    Args:
        logits: (B, K).
        noise: (B,), even in [0, 1).

    Returns:
        (B,) int64.

    >>> draw_category(Tensor([[0.0, 0.0], [0.0, 0.0]]), Tensor([0.4, 0.6]))
    tensor([0, 1])
    """
    cumulated = (logits - logits.amax(dim=1, keepdim=True)).exp_().cumsum(dim=1)
    # rounding can make the product reach the total: the last category is then meant
    return (cumulated <= noise[:, None] * cumulated[:, -1:]).sum(dim=1).clamp_(max=logits.shape[1] - 1)
