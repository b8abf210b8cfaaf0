"""The figures that sum a run up: means and spreads over seeds, ratios, and whether they reach what was asked for."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from unitvoice.evaluation.usage import perplexity
from unitvoice.report.results import Absent, LanguageResults, Results, Run

__all__ = ["COMPARED", "Bar", "Figure", "Row", "Spread", "rows", "spread", "usage", "variants"]

Verdict = Literal["met", "not met"]


@dataclass(frozen=True)
class Spread:
    """The values of one figure, one per seed."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Their mean."""
        return sum(self.values) / len(self.values)

    def range(self, digits: int) -> str:
        """The lowest and the highest value; nothing where there is one value only.

        >>> Spread((1.0, 2.0)).range(1)
        '(1.0 to 2.0)'
        """
        if len(self.values) == 1:
            return ""
        return f"({min(self.values):.{digits}f} to {max(self.values):.{digits}f})"


@dataclass(frozen=True)
class Bar:
    """What a figure should reach, with every seed."""

    limit: float
    kind: Literal["at most", "at least"]

    def verdict(self, figure: Spread) -> Verdict:
        """Whether every value reaches it.

        >>> Bar(0.5, "at most").verdict(Spread((0.4, 0.6)))
        'not met'
        """
        reached = max(figure.values) <= self.limit if self.kind == "at most" else min(figure.values) >= self.limit
        return "met" if reached else "not met"


@dataclass(frozen=True)
class Figure:
    """One figure of one language."""

    spread: Spread | Absent
    digits: int
    bar: Bar | None = None

    @property
    def mean(self) -> str:
        """The mean over seeds; a dash where there is none."""
        return "-" if isinstance(self.spread, Absent) else f"{self.spread.mean:.{self.digits}f}"

    @property
    def range(self) -> str:
        """The range over seeds, if there is one."""
        return "" if isinstance(self.spread, Absent) else self.spread.range(self.digits)

    @property
    def text(self) -> str:
        """Both."""
        return f"{self.mean} {self.range}".rstrip()

    @property
    def verdict(self) -> Verdict | None:
        """Whether it reaches its bar; None without a bar or a figure."""
        return None if self.bar is None or isinstance(self.spread, Absent) else self.bar.verdict(self.spread)


@dataclass(frozen=True)
class Row:
    """One kind of figure for all languages."""

    label: str
    cells: tuple[Figure, ...]  # one per language
    bar: Bar | None = None


OF_BASELINE = Bar(0.75, "at most")
OF_UNTRAINED = Bar(0.5, "at most")
NEARER_TARGET = Bar(95.0, "at least")


def spread(values: Iterable[float | Absent]) -> Spread | Absent:
    """The spread of some values; absent as soon as one of them is."""
    found: list[float] = []
    for value in values:
        if isinstance(value, Absent):
            return value
        found.append(value)
    return Spread(tuple(found)) if found else Absent("there is no run")


def rows(results: Results) -> list[Row]:
    """All figures of the summary; ABX is that of the test set, across speakers, by the first distance."""

    def row(
        label: str, figure: Callable[[LanguageResults], Iterable[float | Absent]], digits: int, bar: Bar | None = None
    ) -> Row:
        return Row(label, tuple(Figure(spread(figure(one)), digits, bar) for one in results.languages), bar)

    baseline = results.languages[0].baseline.upper()
    return [
        row(f"ABX of {baseline} (%)", lambda one: [_baseline(one)], 2),
        row("ABX of untrained codes (%)", lambda one: _abx(one.untrained, "vectors"), 2),
        row("ABX of trained codes (%)", lambda one: _abx(one.trained, "vectors"), 2),
        row("ABX before quantisation (%)", lambda one: _abx(one.trained, "continuous"), 2),
        row(f"trained / {baseline}", _to_baseline, 3, OF_BASELINE),
        row("trained / untrained", _to_untrained, 3, OF_UNTRAINED),
        row("bitrate of codes (bit/s)", lambda one: [run.bitrate("vectors") for run in one.trained], 1),
        row("trials nearer to target (%)", lambda one: [one.judged("nearer_target")], 1, NEARER_TARGET),
        row("cosine of own voice", lambda one: [one.judged("own_voice")], 3),
        row("speaker EER of judge (%)", lambda one: [one.judged("equal_error_rate")], 1),
    ]


COMPARED = ("ABX (%)", "bitrate (bit/s)", "codes in use", "perplexity", "nearer to target (%)")


def variants(results: Results, place: int) -> list[Row]:
    """A row for each variant, with the figures ``COMPARED`` of one of its languages."""
    return [_variant(one.system, one.languages[place]) for one in (results, *results.beside)]


def _variant(name: str, one: LanguageResults) -> Row:
    shares = [usage(one, run) for run in one.trained]
    codes = [found if isinstance(found, Absent) else float(len(found)) for found in shares]
    evenness = [found if isinstance(found, Absent) else perplexity(found) for found in shares]
    return Row(
        name,
        (
            Figure(spread(_abx(one.trained, "vectors")), 2),
            Figure(spread(run.bitrate("vectors") for run in one.trained), 1),
            Figure(spread(codes), 0),
            Figure(spread(evenness), 0),
            Figure(spread([one.judged("nearer_target")]), 1),
        ),
    )


def usage(one: LanguageResults, run: Run) -> list[float] | Absent:
    """Shares of the codes (of combinations where there are several codebooks) on the test sentences, largest first."""
    indices = run.units("indices")
    if isinstance(indices, Absent):
        return indices
    names = [name for name, _ in one.manifest.bitrate] or [u.utterance for u in one.manifest.subset("test")]
    counts: Counter[tuple[int, ...]] = Counter()
    for name in names:
        if name in indices:
            counts.update(map(tuple, indices[name].tolist()))
    if not counts:
        return Absent("the test set was not encoded")
    return [count / counts.total() for _, count in counts.most_common()]


def _abx(runs: Sequence[Run], name: str) -> list[float | Absent]:
    return [run.abx(name) for run in runs]


def _baseline(one: LanguageResults) -> float | Absent:
    return one.baseline_scores if isinstance(one.baseline_scores, Absent) else one.baseline_scores.abx(one.baseline)


def _to_baseline(one: LanguageResults) -> Iterator[float | Absent]:
    below = _baseline(one)
    return (_ratio(above, below) for above in _abx(one.trained, "vectors"))


def _to_untrained(one: LanguageResults) -> Iterator[float | Absent]:
    pairs = zip(_abx(one.trained, "vectors"), _abx(one.untrained, "vectors"), strict=True)
    return (_ratio(above, below) for above, below in pairs)


def _ratio(above: float | Absent, below: float | Absent) -> float | Absent:
    if isinstance(above, Absent):
        return above
    if isinstance(below, Absent):
        return below
    return above / below if below else Absent("the score it is divided by is 0")
