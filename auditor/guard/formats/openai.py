"""Bodies of OpenAI fine-tuning jobs, and of the events and job objects that come back."""

from dataclasses import replace

from auditor.guard.document import Doc
from auditor.guard.found import Found, Named, Training
from auditor.registry.tables import registry

TEACHERS = ("metadata.source_model", "metadata.teacher", "metadata.teacher_model", "metadata.generator")


def read_job(doc: Doc) -> Found | None:
    """Return what a fine-tuning job says, None where the file is none; other services than OpenAI's write the same keys."""
    if not (doc.has("training_file") and doc.has("model")):
        return None

    def named(*keys: str) -> tuple[Named, ...]:
        return tuple(Named(name, doc.place(path)) for key in keys for path, name in doc.names(key))

    training = Training(
        base=named("model"),
        teachers=named(*TEACHERS),
        datasets=named("training_file"),
        tests=named("validation_file"),
        outputs=named("fine_tuned_model", "suffix"),
        service=Named("openai", doc.place(("training_file",))),
    )
    makers = {registry().model(name.name.removeprefix("ft:").partition(":")[0]).maker for name in training.base}
    if makers & {"openai"} or (makers <= {None} and all(name.name.startswith("file-") for name in training.datasets)):
        return Found("OpenAI fine-tuning job", (training,))
    return Found("fine-tuning job", (replace(training, service=None),))
