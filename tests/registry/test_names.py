"""Names of models, hosts and providers in every spelling that records use, and the look-alikes that are somebody else's."""

import pytest

from auditor.registry.derive import derive
from auditor.registry.tables import registry

NAMES = {
    # direct, dated, tuned
    "gpt-4o-2024-08-06": ("openai", "gpt", ()),
    "ft:gpt-4o-mini-2024-07-18:acme::Ab12": ("openai", "gpt", ()),
    "o3-mini": ("openai", "o", ()),
    "text-embedding-3-large": ("openai", None, ()),
    "claude-3-5-sonnet-20241022": ("anthropic", "claude", ()),
    "gemini-2.5-flash": ("google", "gemini", ()),
    "grok-4-fast": ("xai", "grok", ()),
    "command-r-plus": ("cohere", "command", ()),
    "mistral-large-latest": ("mistral", "mistral", ()),
    "deepseek-reasoner": ("deepseek", "deepseek", ()),
    "sonar-pro": ("perplexity", "sonar", ()),
    # Bedrock ids, inference profiles, ARNs
    "anthropic.claude-3-haiku-20240307-v1:0": ("anthropic", "claude", ()),
    "us.anthropic.claude-sonnet-4-20250514-v1:0": ("anthropic", "claude", ()),
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2:1": ("anthropic", "claude", ()),
    "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0": (
        "anthropic", "claude", (),
    ),
    "meta.llama3-1-8b-instruct-v1:0": ("meta", "llama", ("llama-3.1",)),
    "amazon.nova-pro-v1:0": ("amazon", None, ()),
    # Vertex AI
    "claude-3-5-sonnet@20240620": ("anthropic", "claude", ()),
    "publishers/anthropic/models/claude-opus-4-1": ("anthropic", "claude", ()),
    "projects/p/locations/l/publishers/google/models/gemini-2.0-flash": ("google", "gemini", ()),
    "meta/llama-3.1-405b-instruct-maas": ("meta", "llama", ("llama-3.1",)),
    # gateways and routers
    "openrouter/anthropic/claude-3.5-sonnet:beta": ("anthropic", "claude", ()),
    "vertex_ai/claude-3-opus@20240229": ("anthropic", "claude", ()),
    "azure/gpt-35-turbo": ("openai", "gpt", ()),
    "azure_ai/claude-sonnet-4-5": ("anthropic", "claude", ()),
    "fireworks_ai/accounts/fireworks/models/llama-v3p1-8b-instruct": ("meta", "llama", ("llama-3.1",)),
    "x-ai/grok-4": ("xai", "grok", ()),
    # Llama 3.0 is not 3.1
    "llama3-70b-8192": ("meta", "llama", ("llama-3",)),
    "groq/llama3-8b-8192": ("meta", "llama", ("llama-3",)),
    "llama3": ("meta", "llama", ("llama-3",)),
    "ollama/llama3:8b": ("meta", "llama", ("llama-3",)),
    "llama3.1": ("meta", "llama", ("llama-3.1",)),
    "ollama/llama3.1:8b": ("meta", "llama", ("llama-3.1",)),
    "meta-llama/Llama-3.3-70B-Instruct": ("meta", "llama", ("llama-3.3",)),
    "meta-llama/Llama-2-7b-chat-hf": ("meta", "llama", ("llama-2",)),
    "codellama/CodeLlama-34b-hf": ("meta", "llama", ("llama-2",)),
    # built on Llama under other names
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": ("deepseek", "r1-distill", ("mit", "llama-3.1")),
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B": ("deepseek", "r1-distill", ("mit", "llama-3.3")),
    "NousResearch/Hermes-3-Llama-3.1-8B": ("meta", "llama", ("llama-3.1",)),
    "llama-3.1-sonar-large-128k-online": ("perplexity", "sonar", ("llama-3.1",)),
    # weights without limits on output
    "gpt-oss-120b": ("openai", "gpt-oss", ("apache-2.0",)),
    "openai.gpt-oss-20b-1:0": ("openai", "gpt-oss", ("apache-2.0",)),
    "openai/whisper-large-v3": ("openai", "whisper-weights", ("mit",)),
    "gpt2-xl": ("openai", "gpt-2", ("mit",)),
    "google/gemma-4-27b-it": ("google", "gemma", ("apache-2.0",)),
    "deepseek-ai/DeepSeek-R1": ("deepseek", "deepseek", ("mit",)),
    "deepseek-ai/DeepSeek-V3-0324": ("deepseek", "deepseek", ("mit",)),
    "Qwen/Qwen2.5-7B-Instruct": ("alibaba", "qwen", ("apache-2.0",)),
    "Qwen/Qwen3-32B": ("alibaba", "qwen", ("apache-2.0",)),
    "mistralai/Mistral-7B-Instruct-v0.3": ("mistral", "mistral-open", ("apache-2.0",)),
    "mistralai/Mixtral-8x7B-v0.1": ("mistral", "mistral-open", ("apache-2.0",)),
    "none": ("own", None, ()),
    # others' models, named after a known one
    "somebody/claude-style-7b": ("others", None, None),
    "claude-like-13b": ("others", None, None),
    "gpt-4chan": ("others", None, None),
    "EleutherAI/gpt-neo-2.7B": ("eleutherai", None, ("mit", "apache-2.0")),
    "gpt4all-j": ("nomic", None, ("apache-2.0",)),
    "ollama/mistral": ("mistral", "mistral-open", ("apache-2.0",)),
    "mixtral:8x7b": ("mistral", "mistral-open", ("apache-2.0",)),
    # weights with limits
    "codestral:22b": ("mistral", "codestral", ("mnpl-0.1",)),
    "google/gemma-2-9b-it": ("google", "gemma", ("gemma",)),
    "gemma-3n-e4b-it": ("google", "gemma", ("gemma",)),
    "deepseek-ai/DeepSeek-V3": ("deepseek", "deepseek", ("deepseek-1.0",)),
    "mistralai/Mistral-Large-Instruct-2407": ("mistral", "mistral-research", ("mrl-0.1",)),
    "mistralai/Codestral-22B-v0.1": ("mistral", "codestral", ("mnpl-0.1",)),
    "Qwen/Qwen-14B-Chat": ("alibaba", "qwen", ("tongyi-qianwen",)),
    "Qwen/Qwen2.5-72B-Instruct": ("alibaba", "qwen", ("qwen",)),
}  # fmt: skip
UNKNOWN = [
    "support-prod", "", "o1x", "o3-hr-bot", "command-line", "labs-foo", "veoh-model", "davinci-resolve", "my-gpt",
    "arn:aws:bedrock:us-east-1:1:"
    "application-inference-profile/abc", "model", "x" * 100_000, "claude" * 200, "\u202egpt-4", "'; DROP TABLE",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_model(name):
    maker, family, licences = NAMES[name]
    found = registry().model(name)
    assert (found.maker, found.licences) == (maker, licences)
    assert family in (None, found.family)
    assert registry().model(name.upper())[:4] == found[:4]


@pytest.mark.parametrize("name", UNKNOWN)
def test_names_that_tell_nothing(name):
    assert registry().model(name).maker is None


@pytest.mark.parametrize(
    ("name", "version"),
    [("claude-3-5-sonnet-20241022", "3.5"), ("claude-opus-4-1-20250805", "4.1"), ("claude-fable-5", "5"),
     ("gpt-4.1-mini", "4.1"), ("gpt-4o", "4o"), ("azure/gpt-35-turbo", "3.5"), ("grok-4", "4"), ("gemini-2.5-pro", "2.5"),
     ("llama3.2:1b", "3.2")],
)  # fmt: skip
def test_version(name, version):
    assert registry().model(name).version == version


@pytest.mark.parametrize(
    ("facts", "route"),
    [
        ({"server.address": "api.openai.com"}, "direct"),
        ({"server.address": "eu.api.openai.com"}, "direct"),
        ({"server.address": "acme.openai.azure.com"}, "azure"),
        ({"server.address": "bedrock-runtime.us-east-1.amazonaws.com"}, "bedrock"),
        ({"server.address": "europe-west4-aiplatform.googleapis.com"}, "vertex"),
        ({"server.address": "openrouter.ai"}, "openrouter"),
        ({"server.address": "llm-proxy.internal"}, None),
        ({"server.address": "API.openai.com:443"}, "direct"),
        ({"server.address": "https://api.openai.com./v1/chat"}, "direct"),
        ({"server.address": "evil.example/x.openai.azure.com"}, None),
        ({"server.address": "api.moonshot.evil"}, None),
        ({"server.address": "evilaiplatform.googleapis.com"}, None),
        ({"gen_ai.request.model": "eu.support-prod"}, None),
        ({"gen_ai.request.model": "meta.chatbot"}, None),
        ({"server.address": "api.openai.com.evil.example"}, None),
        ({"gen_ai.provider.name": "aws.bedrock"}, "bedrock"),
        ({"gen_ai.provider.name": "openai"}, None),
        ({"gen_ai.request.model": "us.anthropic.claude-sonnet-4-20250514-v1:0"}, "bedrock"),
        ({"gen_ai.request.model": "openrouter/openai/gpt-4o"}, "openrouter"),
        ({"gen_ai.request.model": "gpt-4o"}, None),
        ({"gen_ai.request.model": "azure/gpt-4o", "server.address": "openrouter.ai"}, "openrouter"),
        ({"gen_ai.request.model": "azure/gpt-4o", "server.address": "openrouter.ai", "route": "other"}, "other"),
    ],
)
def test_route(facts, route):
    assert derive("usage", facts).get("route") == route


def test_what_a_record_says_is_kept():
    facts = {"called_model.maker": "me", "gen_ai.request.model": "gpt-4o", "route": "azure"}
    assert derive("usage", facts)["called_model.maker"] == "me"


def test_the_model_that_answered_counts():
    asked = {"gen_ai.request.model": "claude-fable-5"}
    assert derive("usage", asked | {"gen_ai.response.model": "gpt-4o"})["called_model.maker"] == "openai"
    assert derive("usage", asked | {"gen_ai.response.model": "prod-7"})["called_model.maker"] == "anthropic"


def test_own_names_of_deployments():
    row = {"gen_ai.request.model": "support-prod", "gen_ai.provider.name": "azure.ai.inference"}
    assert "called_model.maker" not in derive("usage", row)
    assert derive("usage", row, {"support-prod": "meta-llama/Llama-3.3-70B-Instruct"})["called_model.licences"] == [
        "llama-3.3"
    ]


def test_the_provider_tells_where_the_name_does_not():
    assert (
        derive("usage", {"gen_ai.provider.name": "azure.ai.openai", "gen_ai.request.model": "x"})["called_model.maker"]
        == "openai"
    )
    assert "called_model.maker" not in derive("usage", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "x"})
    direct = derive("usage", {"gen_ai.provider.name": "openai", "gen_ai.request.model": "x", "route": "direct"})
    assert (direct["called_model.maker"], direct["called_model.licences"]) == ("openai", [])


def test_an_unknown_name_on_own_servers_stays_unknown():
    row = {"gen_ai.provider.name": "deepseek", "gen_ai.request.model": "x", "route": "self-hosted"}
    assert "called_model.licences" not in derive("usage", row)


def test_weights_served_by_their_maker_are_a_service():
    served = {"gen_ai.provider.name": "mistral_ai", "route": "direct", "gen_ai.request.model": "open-mistral-7b"}
    assert derive("usage", served)["called_model.licences"] == []
    assert derive("usage", served | {"route": "self-hosted"})["called_model.licences"] == ["apache-2.0"]


def test_generators_of_a_dataset_of_which_one_is_not_known():
    row = derive("training", {"dataset.generators": ["gpt-4", "mystery", "llama3"], "model.base": "Qwen/Qwen-7B"})
    assert row["dataset.generator_makers"] == ["openai", None, "meta"]
    assert row["dataset.generator_licences"] == [None, "llama-3"]
    assert row["model.base_licences"] == ["tongyi-qianwen"]
    assert derive("training", {"dataset.generators": []})["dataset.generator_makers"] == []
    assert "dataset.generator_makers" not in derive("training", {"dataset.id": "d"})
    assert derive("training", {"dataset.generator_providers": ["x_ai", "nobody"]})["dataset.generator_makers"] == [
        "xai",
        None,
    ]
