"""Training curves, and how the codebook is used."""

import math
from collections.abc import Sequence

from unitvoice.evaluation.usage import perplexity
from unitvoice.report.figures import usage
from unitvoice.report.markup import Markup, element
from unitvoice.report.plots import Axis, Line, line_chart
from unitvoice.report.results import Absent, LanguageResults, Results, Run
from unitvoice.report.sections.parts import figure, legend, missing, panels, section

__all__ = ["codebook", "training"]

CAPTIONS = {
    "reconstruction": "Error of the decoded frames: it should fall and then flatten.",
    "commitment": "Distance of encoded frames from their codes: it should settle, not grow.",
    "perplexity": "Perplexity in training: it rises while codes find their places, and should not drop later.",
    "dev_loss": "The losses together, on utterances that are held out: where it rises while they fall, stop earlier.",
    "dev_abx": "ABX error (%) of a part of the dev set, whose speakers are unknown to the system: less is better.",
    "dev_perplexity": "Perplexity of the codes on the dev set.",
    "usage": "Share of the codes that training used since the last line of its log: a codebook that dies falls.",
    "speaker_accuracy": "How often a probe tells from the units who speaks: it should fall towards 1 / speakers.",
}
MONITORED = frozenset(  # logged beside losses
    {"step", "usage", "perplexity", "revived", "skipped", "collapsed", "speaker_accuracy"}
)
DEVELOPMENT = "dev_"  # begins the names of figures of what is not trained on
GRADIENT = "gradient_"  # begins the names of norms, by part of the system
SHOWN = ("dev_loss", "dev_abx", "dev_perplexity", "speaker_accuracy")


def training(results: Results) -> Markup:
    """The losses of all seeds over the steps, what is told of unseen data, and what went wrong, by language."""
    groups = [
        _group(one, [*(_curve(one, name) for name in (*_losses(one), *_shown(one))), _gradients(one)])
        for one in results.languages
    ]
    return section("training", "Training", _seeds(results), [_faults(one) for one in results.languages], groups)


def codebook(results: Results) -> Markup:
    """Which codes are used and how evenly, in training and on the test set."""
    return section(
        "codebook",
        "The codebook",
        element(
            "p",
            "A codebook can collapse: few codes in use carry little. Perplexity is the number of equally frequent "
            "codes that would carry as much.",
        ),
        _seeds(results),
        [_group(one, [_ranks(one), _curve(one, "perplexity"), _curve(one, "usage")]) for one in results.languages],
    )


def _seeds(results: Results) -> Markup:
    return legend(*((f"series-{number % 6}", f"seed {seed}") for number, seed in enumerate(results.seeds)))


def _group(one: LanguageResults, charts: Sequence[Markup]) -> Markup:
    return element("div", element("h3", one.name), panels(charts))


def _losses(one: LanguageResults) -> list[str]:
    """Names of what was minimised, the error of the frames first."""
    found = {name for name in _logged(one) - MONITORED if not name.startswith((DEVELOPMENT, GRADIENT))}
    return sorted(found or {"reconstruction"}, key=lambda name: (name != "reconstruction", name))


def _shown(one: LanguageResults) -> list[str]:
    """Figures of what is not trained on, or not for, as far as there are any."""
    return [name for name in SHOWN if name in _logged(one)]


def _logged(one: LanguageResults) -> set[str]:
    return {name for run in one.trained for record in run.log for name in record}


def _faults(one: LanguageResults) -> list[Markup]:
    """A sentence for each training in which a codebook collapsed or updates were left out."""
    told = []
    for run in one.trained:
        place = f"{one.name}, seed {run.seed}"
        if alarms := [int(record["step"]) for record in run.log if record.get("collapsed")]:
            told.append(f"{place}: a codebook collapsed (alarm from step {alarms[0]} on); its units carry little.")
        if skipped := int(max((record.get("skipped", 0) for record in run.log), default=0)):
            told.append(f"{place}: {skipped} steps left an update out, because it was not finite.")
    return [element("p", text, class_="missing") for text in told]


def _curve(one: LanguageResults, name: str) -> Markup:
    lines = [line for run in one.trained if (line := _line(run, name)).x]
    if not lines:
        return missing(f"{name.capitalize()}, {one.name}", Absent("no run has it in a training log"))
    x = Axis("step", 0, max(line.x[-1] for line in lines))
    y = Axis.over(name, [value for line in lines for value in line.y], zero=name in {"perplexity", "usage"})
    caption = CAPTIONS.get(name, f"{name.capitalize()} over the steps of training, one line per seed.")
    return figure(caption, line_chart(lines, x, y, f"{name} over steps, {one.name}"))


def _gradients(one: LanguageResults) -> Markup:
    """How much of the gradient reaches each part of the system."""
    parts = sorted(name for name in {name for record in one.first.log for name in record} if name.startswith(GRADIENT))
    lines = [_line(one.first, name, name.removeprefix(GRADIENT)) for name in parts]
    if not lines:
        return missing(f"Gradient, {one.name}", Absent("the first run has none in its training log"))
    x = Axis("step", 0, max(line.x[-1] for line in lines))
    y = Axis.over("norm of the gradient", [value for line in lines for value in line.y], log=True)
    names = legend(*((f"series-{number % 6}", line.label) for number, line in enumerate(lines)))
    caption = "Norm of the gradient of each part, first seed: a part that lies far below the others hardly learns."
    return figure(caption, line_chart(lines, x, y, f"gradient over steps, {one.name}"), names)


def _line(run: Run, name: str, label: str = "") -> Line:
    """One figure over the steps, those of later stages put after the earlier ones; what is not finite is left out."""
    steps: list[float] = []
    values: list[float] = []
    before = last = 0.0
    for record in run.log:
        if record["step"] < last:
            before += last
        last = record["step"]
        if math.isfinite(record.get(name, math.nan)):
            steps.append(before + last)
            values.append(record[name])
    return Line(label or f"seed {run.seed}", steps, values)


def _ranks(one: LanguageResults) -> Markup:
    counted = {run.seed: usage(one, run) for run in one.trained}
    found = {seed: counts for seed, counts in counted.items() if not isinstance(counts, Absent)}
    if not found:
        reason = next(counts for counts in counted.values() if isinstance(counts, Absent))
        return missing(f"{one.name}, codes in use", reason)
    lines = [
        Line(f"seed {seed}", range(1, len(shares) + 1), [100 * share for share in shares])
        for seed, shares in found.items()
    ]
    x = Axis("codes, the most frequent first", 0, max(len(line.x) for line in lines) + 1)
    y = Axis.over("share of frames (%)", [value for line in lines for value in line.y], log=True)
    used = " / ".join(str(len(shares)) for shares in found.values())
    model = one.first.model
    among = "" if isinstance(model, Absent) or model.codes is None else f" of {model.codes}"
    evenness = " / ".join(f"{perplexity(shares):.0f}" for shares in found.values())
    caption = (
        f"How often each code stands in the test sentences: {used}{among} codes are in use, with a perplexity of "
        f"{evenness}; a flat line means even use."
    )
    return figure(caption, line_chart(lines, x, y, f"share of frames by rank of code, {one.name}"))
