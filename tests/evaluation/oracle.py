"""ABX from the challenge's specification in plain loops, slow on purpose, sharing no code with the package.

Items are tuples (utterance, onset, offset, phone, previous, following, speaker); frames are lists of lists.
"""

import math
from statistics import fmean

EPSILON = 2.220446049250313e-16


def cosine(x, y):
    dot = sum(a * b for a, b in zip(x, y, strict=True))
    norms = math.sqrt(sum(a * a for a in x)), math.sqrt(sum(b * b for b in y))
    if 0.0 in norms:
        return 0.0 if norms == (0.0, 0.0) else 1.0
    return math.acos(max(-1.0, min(1.0, dot / (norms[0] * norms[1])))) / math.pi


def smooth(x):
    if not any(x) or any(a / sum(x) < 0 for a in x):
        return [math.nan] * len(x)
    shares = [a / sum(x) + EPSILON for a in x]
    return [a / sum(shares) for a in shares]


def divergence(x, y):
    x, y = smooth(x), smooth(y)
    forth = sum(a * math.log(a / b) for a, b in zip(x, y, strict=True))
    back = sum(b * math.log(b / a) for a, b in zip(x, y, strict=True))
    return (forth + back) / 2


def warp(rows, columns, frame_distance, *, normalise=True):
    if not rows or not columns:
        return 0.0 if not rows and not columns else math.inf
    cost = {}
    for i, x in enumerate(rows):
        for j, y in enumerate(columns):
            # Python's min keeps a NaN that stands first and passes over a later one: so does the official tool
            before = [cost[p] for p in ((i - 1, j), (i - 1, j - 1), (i, j - 1)) if p in cost]
            cost[i, j] = frame_distance(x, y) + (min(before) if before else 0.0)
    i, j, length = len(rows) - 1, len(columns) - 1, 1
    while (i, j) != (0, 0):
        length += 1
        if i == 0:
            j -= 1
        elif j == 0:
            i -= 1
        else:
            diagonal, left, up = cost[i - 1, j - 1], cost[i, j - 1], cost[i - 1, j]
            if diagonal <= left and diagonal <= up:
                i, j = i - 1, j - 1
            elif left <= up:
                j -= 1
            else:
                i -= 1
    total = cost[len(rows) - 1, len(columns) - 1]
    return total / length if normalise else total


def edits(one, other):
    if not one or not other:
        return 0 if not one and not other else math.inf
    table = {(i, 0): i for i in range(len(one) + 1)} | {(0, j): j for j in range(len(other) + 1)}
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            swap = table[i - 1, j - 1] + (one[i - 1] != other[j - 1])
            table[i, j] = min(swap, table[i - 1, j] + 1, table[i, j - 1] + 1)
    return table[len(one), len(other)]


def item_distance(a, x, distance, *, normalise=True):
    """Rows are the frames of A or B, columns those of X."""
    if distance == "levenshtein":
        return edits(a, x)
    return warp(a, x, {"cosine": cosine, "KL": divergence}[distance], normalise=normalise)


def frames_of(item, frames):
    every = frames[item[0]]
    return [frame for i, frame in enumerate(every) if item[1] <= i / len(every) <= item[2]]


def triplets(items, mode):
    for a in range(len(items)):
        for b in range(len(items)):
            for x in range(len(items)):
                same_context = items[a][4:6] == items[b][4:6] == items[x][4:6]
                phones = items[a][3] == items[x][3] != items[b][3]
                together = items[a][6] == items[b][6]
                third = items[x][6] != items[a][6] if mode == "across" else items[x][6] == items[a][6] and x != a
                if same_context and phones and together and third:
                    yield a, b, x


def error(items, frames, distance, mode):
    """ABX error in per cent, None without triplets."""
    cells = {}
    for a, b, x in triplets(items, mode):
        pieces = [frames_of(items[one], frames) for one in (a, b, x)]
        to_a, to_b = (item_distance(piece, pieces[2], distance) for piece in pieces[:2])
        score = 1.0 if to_a < to_b else 0.0 if to_a > to_b else 0.5
        pair = (items[a][3], items[b][3])
        speakers = (items[a][6], items[x][6])
        cells.setdefault(pair, {}).setdefault(speakers, {}).setdefault(items[a][4:6], []).append(score)
    if not cells:
        return None
    pairs = [
        fmean(fmean(fmean(scores) for scores in contexts.values()) for contexts in speakers.values())
        for speakers in cells.values()
    ]
    return 100 * (1 - fmean(pairs))
