"""The clauses of the realistic run: at least one of each verdict."""

from auditor.model.run import (
    ClauseResult,
    OverrideInfo,
    ReadingInfo,
)
from tests.reports.builders import ANTHROPIC, LLAMA, OPENAI, clause, rule, version


def breached() -> ClauseResult:
    name = "openai/services-agreement/no-competing-models"
    return clause(
        name,
        "Output may not be used to develop competing models",
        OPENAI,
        "breach",
        category="competing-model-training",
        severity="critical",
        governed=8412,
        hits=412,
        unknown=96,
        missing_facts={"application.model.competes": 96},
        why="A certain rule held for 412 of 8,412 governed records.",
        says="What the service returns may not be used to develop\nmodels that compete with OpenAI.",
        exceptions=(
            "Models that only classify or organise data are allowed, if nobody outside can use them.",
            "Models trained through OpenAI's own fine-tuning service are allowed.",
        ),
        remedy="Stop the training use, keep the affected datasets apart, and ask OpenAI for permission.",
        position="competing",
        readings=(
            ReadingInfo(
                id="same-market",
                says="A model competes if the same customers could use it for the same task.",
                taken=True,
            ),
            ReadingInfo(
                id="any-generative", says="Any generative model competes, whoever it is offered to.", taken=False
            ),
        ),
        overrides=(
            OverrideInfo.model_validate(
                {
                    "agreement": "order-form-7",
                    "document": "Order form 7 of 3 May 2025",
                    "effect": "tightened",
                    "says": "Classifiers need consent, too.",
                    "by": "northwind/house-rules/consent-for-classifiers",
                    "from": "2025-05-03",
                    "until": None,
                }
            ),
        ),
        rules=(
            rule(
                name,
                "declared-training-use",
                "Output is declared to train a competing model",
                hits=412,
                unknown=96,
                missing_facts={"application.model.competes": 96},
            ),
            rule(
                name,
                "bulk-generation-for-training",
                "Output of the shape and volume of a training set",
                certainty="possible",
                hits=38,
            ),
            rule(
                name,
                "training-inputs",
                "A training run reads output of the provider",
                table="training",
                governed=3,
                not_examined=False,
            ),
        ),
        versions=(
            version("bt-2023", "2(e)", "2023-11-14", "2025-05-30", source="Business Terms", governed=0),
            version("sa-2025", "3.3(e)", "2025-05-31", hits=412),
        ),
    )


def more_breaches() -> list[ClauseResult]:
    region, review = "openai/services-agreement/supported-countries", "anthropic/usage-policy/human-review"
    return [
        clause(
            region,
            "Use only from supported countries and territories",
            OPENAI,
            "breach",
            category="unsupported-region",
            severity="high",
            hits=27,
            why="A certain rule held for 27 of 8,412 governed records.",
            says="The service may be reached only from countries and territories that OpenAI lists as supported.",
            remedy="Block the countries named below at the gateway.",
            rules=(
                rule(
                    region,
                    "caller-country",
                    "Called from a country that is not on the list of supported countries",
                    hits=27,
                ),
            ),
            versions=(version("sa-2025", "3.3(i)", "2025-05-31", hits=27),),
        ),
        clause(
            review,
            "High-risk decisions need a qualified person",
            "usage-policy",
            "breach",
            category="human-review",
            kind="duty",
            severity="high",
            governed=650,
            hits=650,
            why="A certain rule held for 650 of 650 governed records.",
            says="Advice on legal, medical, employment or credit matters is reviewed by a qualified person first.",
            remedy="Put a qualified reviewer before the result is acted on, and declare it.",
            rules=(rule(review, "no-review", "Decides about people with nobody reviewing", governed=650, hits=650),),
            versions=(
                version(
                    "up-2025",
                    "High-risk use cases",
                    "2025-09-15",
                    url="https://www.anthropic.com/legal/aup",
                    governed=650,
                ),
            ),
        ),
    ]


def suspected() -> list[ClauseResult]:
    share, scrape = "openai/services-agreement/no-shared-credentials", "anthropic/commercial-terms/no-extraction"
    return [
        clause(
            share,
            "Credentials are not shared or handed on",
            OPENAI,
            "suspected",
            category="account-sharing",
            severity="medium",
            hits=184,
            why="Only a rule that shows a sign held, for 184 of 8,412 governed records.",
            says="An account and its keys are used only by the people they were issued to.",
            remedy="Ask the key's owner who uses it; issue one key for each person and service.",
            rules=(
                rule(
                    share,
                    "key-from-many-countries",
                    "One key was used from more countries in a day than the limit",
                    certainty="possible",
                    hits=184,
                ),
            ),
            versions=(version("sa-2025", "3.1", "2025-05-31", confidence="medium", hits=184),),
        ),
        clause(
            scrape,
            "No bulk extraction of the model's knowledge",
            ANTHROPIC,
            "suspected",
            category="extraction",
            severity="medium",
            governed=1210,
            hits=77,
            why="Only a rule that shows a sign held, for 77 of 1,210 governed records.",
            says="The service is not used to extract data in bulk in order to rebuild the model or its training data.",
            remedy="Look at what the application does with the answers.",
            rules=(
                rule(
                    scrape,
                    "systematic-questions",
                    "Systematic questions at high volume",
                    certainty="likely",
                    governed=1210,
                    hits=77,
                ),
            ),
            versions=(
                version(
                    "ct-2025",
                    "D.4",
                    "2025-06-17",
                    url="https://www.anthropic.com/legal/commercial-terms",
                    governed=1210,
                ),
            ),
        ),
    ]


def other_clauses() -> list[ClauseResult]:
    minors, limits = "openai/services-agreement/no-minors", "openai/services-agreement/rate-limits"
    notice = "meta/llama-4-licence/built-with-llama"
    return [
        clause(
            limits,
            "Rate limits are not evaded",
            OPENAI,
            "waived",
            category="rate-limit-evasion",
            hits=61,
            waived=61,
            why="All 61 records that a rule found are covered by waivers.",
            says="Limits on use are not bypassed.",
            remedy="Ask OpenAI for a higher limit.",
            rules=(rule(limits, "many-keys", "One host used many keys within an hour", certainty="likely", hits=61),),
        ),
        clause(
            minors,
            "Personal data of children is not sent",
            OPENAI,
            "undetermined",
            category="minors",
            severity="high",
            unknown=1204,
            missing_facts={"data.children": 1204, "end_user.age": 880},
            why="Nothing was found, but facts are missing for 1,204 of 8,412 governed records.",
            says="Personal data of children under 13 is not sent to the service.",
            rules=(
                rule(
                    minors,
                    "declared-children",
                    "Personal data of children is declared",
                    unknown=1204,
                    missing_facts={"data.children": 1204, "end_user.age": 880},
                ),
            ),
        ),
        clause("openai/services-agreement/no-reverse-engineering", "No reverse engineering", OPENAI, "clear"),
        clause("openai/services-agreement/no-resale", "The service is not resold", OPENAI, "clear", severity="low"),
        clause("anthropic/commercial-terms/no-resale", "The service is not resold", ANTHROPIC, "clear", governed=1210),
        clause(
            notice,
            "“Built with Llama” is shown",
            LLAMA,
            "not_applicable",
            category="attribution",
            kind="duty",
            governed=0,
            why="Nothing in the inputs is governed by it.",
            rules=(
                rule(notice, "notice", "No attribution is shown", table="deployments", governed=0, not_examined=True),
            ),
            versions=(
                version("llama-4", "1.b.i", "2025-04-05", url="https://www.llama.com/llama4/license/", governed=0),
            ),
        ),
    ]


def not_testable() -> ClauseResult:
    """Return a clause that only a person can check."""
    return clause(
        "openai/services-agreement/no-personal-accounts",
        "Accounts are opened for the company, not for persons",
        OPENAI,
        "undetermined",
        unknown=8412,
        rules=(),
        manual="Ask the administrator of each organisation for the list of members.",
        why="Not testable by machine. Ask the administrator of each organisation for the list of members.",
    )


def idle() -> tuple[ClauseResult, ...]:
    """Return the clauses of a provider of which none applied, and of one of which that is unknown."""
    why = "Nothing in the inputs is governed by it."
    unsure = "It is not known whether it governs 412 rows, and 412 could not be decided; missing: called_model.maker."
    facts = {"governed": 0, "perhaps": 412, "unknown": 412, "missing_facts": {"called_model.maker": 412}}
    return (
        clause(
            "mistral/terms/no-key-transfer", "Keys are not sold", "mistral-terms", "not_applicable", governed=0, why=why
        ),
        clause("cohere/saas/no-sharing", "Keys are not shared", "cohere-saas", "undetermined", why=unsure, **facts),
    )
