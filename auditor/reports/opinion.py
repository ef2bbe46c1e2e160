"""The conclusion of a run in one sentence, its basis and its limits; never good news where nothing was seen."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from auditor.model.run import VERDICTS, Manifest, Totals, Verdict
from auditor.reports.words import listing, number, percent, plural

Tone = Literal["breach", "suspected", "waived", "undetermined", "clear", "nothing"]

PHRASES: dict[Verdict, tuple[str, str]] = {
    "breach": ("is breached", "are breached"),
    "suspected": ("shows signs that need a look", "show signs that need a look"),
    "waived": ("is waived", "are waived"),
    "undetermined": ("could not be determined", "could not be determined"),
    "clear": ("is clear", "are clear"),
    "not_applicable": ("did not apply", "did not apply"),
}
Standing = Literal["governs", "perhaps", "none"]
FEW = 0.5
"""Share of decided checks below which the opinion says how little it rests on."""


@dataclass(frozen=True)
class Opinion:
    """The conclusion (`headline`), what it rests on (`basis`), its `limits`, and how it is to be shown (`tone`)."""

    tone: Tone
    headline: str
    basis: str
    limits: tuple[str, ...]


def opinion(manifest: Manifest) -> Opinion:
    """Return the opinion on a run."""
    counts = verdict_counts(manifest)
    totals = manifest.totals
    limits = tuple(_limits(manifest, counts))
    found = counts["breach"] + counts["suspected"] + counts["waived"]
    if not totals.decided and not found:
        return Opinion("nothing", "Nothing was assessed.", _why_nothing(totals), limits)
    sentence = conclusion(counts)
    if not totals.governed:
        basis = f"{_why_nothing(totals)} What follows rests on declarations alone: {sentence}"
        tone = _tone(counts)
        return Opinion("nothing" if tone == "clear" else tone, "No use of a model was assessed.", basis, limits)
    return Opinion(_tone(counts), sentence, _basis(totals), limits)


def verdict_counts(manifest: Manifest) -> dict[Verdict, int]:
    """Return the number of clauses with each verdict, zeros included."""
    found = Counter(clause.verdict for clause in manifest.clauses)
    return {verdict: found[verdict] for verdict in VERDICTS}


def standings(manifest: Manifest) -> dict[str, Standing]:
    """Return, by provider, whether one of its clauses governs something, perhaps does, or does not."""
    found: dict[str, Standing] = {}
    for clause in manifest.clauses:
        if clause.governed or clause.hits:
            found[clause.provider] = "governs"
        elif clause.verdict != "not_applicable":
            found.setdefault(clause.provider, "perhaps")
    return {clause.provider: found.get(clause.provider, "none") for clause in manifest.clauses}


def conclusion(counts: dict[Verdict, int]) -> str:
    """Return the number of clauses with each verdict as one sentence."""
    parts: list[str] = []
    named = False
    for verdict, (one, many) in PHRASES.items():
        count = counts[verdict]
        if verdict == "breach" and not count and any(counts.values()):
            parts.append("No clause is breached")
        elif count:
            noun = number(count) if named else plural(count, "clause")
            named = True
            parts.append(f"{noun} {one if count == 1 else many}")
    return listing(parts) + "." if parts else "No clause was audited."


def _tone(counts: dict[Verdict, int]) -> Tone:
    tones: tuple[Tone, ...] = ("breach", "suspected", "undetermined", "waived", "clear")
    return next((tone for tone in tones if tone != "nothing" and counts[tone]), "nothing")


def _basis(totals: Totals) -> str:
    return (
        f"{number(totals.assessed)} of {plural(totals.governed, 'governed record')} could be assessed, "
        f"and {number(totals.decided)} of {plural(totals.checks, 'check')} "
        f"({percent(totals.decided, totals.checks)}) gave a definite answer."
    )


def _why_nothing(totals: Totals) -> str:
    if not totals.received:
        return "No record was received."
    if not totals.records:
        return f"Of {plural(totals.received, 'record')} received, none could be used: {_lost(totals)}."
    if not totals.governed:
        return f"None of the {plural(totals.records, 'record')} read is governed by the terms that were audited."
    return f"{plural(totals.governed, 'record')} are governed, but facts that every check needs are missing."


def _lost(totals: Totals) -> str:
    reasons = {
        "could not be read": totals.rejected,
        "are duplicates": totals.duplicates,
        "lie outside the period": totals.outside_period,
        "inform on accounts or are material for training": totals.informing,
    }
    return listing([f"{number(count)} {reason}" for reason, count in reasons.items() if count])


def _limits(manifest: Manifest, counts: dict[Verdict, int]) -> list[str]:
    totals, limits = manifest.totals, []
    if cut := sum(bool(source.truncated) for source in manifest.inputs):
        limits.append(f"{plural(cut, 'input')} could not be read to the end; what was behind is not in these figures.")
    elif not manifest.complete:
        limits.append("The run is incomplete: its figures cover only a part of the inputs.")
    if 0 < totals.decided < FEW * totals.checks:
        limits.append("Fewer than half of the checks gave a definite answer, so silence on a clause says little.")
    if totals.governed and not counts["breach"] and counts["undetermined"]:
        limits.append("That no breach was found does not mean that there is none: facts are missing, as listed below.")
    unsure = {name for name, standing in standings(manifest).items() if standing == "perhaps"}
    if totals.governed and unsure:
        open_ = sum(clause.provider in unsure and clause.verdict == "undetermined" for clause in manifest.clauses)
        limits.append(
            f"For {number(open_)} of the clauses that could not be determined, of {plural(len(unsure), 'provider')}, it is not "
            "known whether they apply at all: the model that answered, or the way to it, is unknown for some records."
        )
    if manual := sum(clause.manual is not None and clause.verdict == "undetermined" for clause in manifest.clauses):
        limits.append(f"{plural(manual, 'clause')} that could not be determined can only be checked by a person.")
    if expired := manifest.findings_total.expired:
        verb = "counts" if expired == 1 else "count"
        limits.append(f"{plural(expired, 'finding')} whose waiver no longer counts {verb} again.")
    return limits
