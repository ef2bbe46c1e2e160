"""Small terms and packs of an invented provider, as several tests need them."""

from datetime import UTC, datetime
from pathlib import Path

from auditor.model.policy import Document
from auditor.terms.check import DocumentResult, Texts, check_document
from auditor.terms.reading import Reading
from auditor.terms.state import DocumentState
from auditor.yamlfile import write_yaml

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
TERMS = """
Acme Terms
==========

_Last Updated: April 28, 2025_

Welcome to Acme. By using the service you agree.

1\\. **Services**
--------------

1.1 Acme offers a [model](https://acme.example/model?utm_source=a) to you.

1.2 The service may change.

2\\. **Restrictions**
------------------

2.1 You may not:

(a) sell the service;

(b) reverse engineer “the model”; or

(c) train a competing model on outputs.

2.2 You may (1) keep what you put in; (2) use what comes out for any purpose, including training.

"**Permitted Exception**" means research that Acme has allowed in writing.

3\\. **Law**
---------

3.1 The law of Acmeland governs these terms.
"""


def document(sections: dict[str, str], hashes: dict[str, str] | None = None, id: str = "terms") -> Document:
    """Return a document with a clause for each section; `hashes` gives the hash that the pack has of some."""
    return Document.model_validate(
        {
            "provider": "acme",
            "document": {"id": id, "title": "Acme terms", "url": "https://acme.example/terms", "archive": "Acme/Terms"},
            "applies_when": {"gen_ai.provider.name": "acme"},
            "clauses": [_clause(name, section, (hashes or {}).get(name)) for name, section in sections.items()],
        }
    )


def _clause(name: str, section: str, text: str | None) -> dict[str, object]:
    version: dict[str, object] = {"id": "v1", "section": section, "from": "2024-01-01", "confidence": "high"}
    return {
        "id": name,
        "title": f"The clause {name}",
        "category": "other",
        "kind": "prohibition",
        "severity": "low",
        "versions": [version | ({"text": text} if text else {})],
        "says": "It says what it says.",
        "remedy": "Do otherwise.",
        "manual": "Ask somebody who knows.",
        "rules": [],
    }


def write_pack(folder: Path, *documents: Document) -> Path:
    """Write documents as a folder of packs and return it."""
    for item in documents:
        path = folder / item.provider / f"{item.document.id}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        data = item.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        path.write_text(write_yaml(data), "utf-8")
    return folder


class Checks:
    """A document checked against one text after another, as a state folder would have it, but in memory."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.state = DocumentState()
        self.kept: dict[str, str] = {}
        self.texts = Texts(self.kept.__getitem__)

    def check(self, text: str, document: Document | None = None, *, history: bool = False) -> DocumentResult:
        """Check a text and return what came out."""
        reading = Reading("acme/terms", "test", NOW, text)
        self.state, result = check_document(document or self.document, self.state, reading, self.texts, history=history)
        self.kept[self.texts.of(text).sha256] = text
        return result

    def outcomes(self, text: str, document: Document | None = None, *, history: bool = False) -> dict[str, str]:
        """Check a text and return the outcome of each clause by the clause's own id."""
        result = self.check(text, document, history=history)
        return {clause.id.rpartition("/")[2]: clause.outcome for clause in result.clauses}
