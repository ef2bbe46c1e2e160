"""Bodies of OpenAI fine-tuning jobs, and of the events and job objects that come back."""

from auditor.guard.document import Doc
from auditor.guard.found import Found, Named, Training

TEACHERS = ("metadata.source_model", "metadata.teacher", "metadata.teacher_model", "metadata.generator")


def read_job(doc: Doc) -> Found | None:
    """Return what a fine-tuning job says, None where the file is none."""
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
    return Found("OpenAI fine-tuning job", (training,))
