"""distilabel pipelines: which models write the dataset that the pipeline makes."""

from auditor.guard.document import Doc
from auditor.guard.found import Dataset, Found, Named, Unread
from auditor.registry.tables import registry

PROVIDERS = {
    "distilabel.llms.openai": "openai",
    "distilabel.llms.azure": "azure.ai.openai",
    "distilabel.llms.anthropic": "anthropic",
    "distilabel.llms.mistral": "mistral_ai",
    "distilabel.llms.cohere": "cohere",
    "distilabel.llms.vertexai": "gcp.vertex_ai",
    "distilabel.llms.groq": "groq",
}
"""Module of the class that calls the model → the provider it calls, as records name it."""
STEP = "pipeline.steps.step"


def read_pipeline(doc: Doc) -> Found | None:
    """Return the dataset that a distilabel pipeline makes, None where the file is no pipeline."""
    if not (doc.has("distilabel") and doc.has("pipeline.steps")):
        return None

    def named(*keys: str) -> tuple[Named, ...]:
        return tuple(Named(name, doc.place(path)) for key in keys for path, name in doc.names(key))

    generators = named(f"{STEP}.llm.model", f"{STEP}.llm.model_id", f"{STEP}.llm.model_name", f"{STEP}.llms.model")
    folder = doc.path.rpartition("/")[0]
    made = named("pipeline.name", "repo_id", f"{STEP}.repo_id_out")
    place = doc.place(("pipeline",))
    dataset = Dataset(
        names=(Named(folder or ".", place), *made),
        generators=generators,
        providers=tuple(_providers(doc)),
        sources=named(f"{STEP}.repo_id"),
        synthetic=Named("distilabel", place),
        made_for_training=Named("distilabel", place, note="a pipeline that makes training data"),
    )
    unread = () if generators else (Unread(place, "a pipeline of distilabel that names no model"),)
    return Found("distilabel", datasets=(dataset,), unread=unread)


def _providers(doc: Doc) -> list[Named]:
    """The provider of each model: by the address that is called, or by the class that calls it."""
    found: dict[str, Named] = {}
    for path, module in doc.names(f"{STEP}.llm.type_info.module"):
        address = doc.at((*path[:-2], "base_url"))
        host = registry().host(address) if isinstance(address, str) else None
        if host and host.provider:
            found.setdefault(host.provider, Named(host.provider, doc.place((*path[:-2], "base_url"))))
        elif not isinstance(address, str) and module in PROVIDERS:
            found.setdefault(PROVIDERS[module], Named(PROVIDERS[module], doc.place(path)))
    return list(found.values())
