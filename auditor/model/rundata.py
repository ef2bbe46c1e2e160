"""What a run folder holds for a report: nothing else is needed to render one."""

from dataclasses import dataclass

from auditor.model.finding import Finding
from auditor.model.run import Coverage, Manifest


@dataclass(frozen=True)
class RunData:
    """The manifest, the findings (most severe first) and the coverage of one run."""

    manifest: Manifest
    findings: tuple[Finding, ...]
    coverage: Coverage
