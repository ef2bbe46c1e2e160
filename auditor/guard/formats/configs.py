"""The table of training configurations that are told by their keys. Sources: each project's documentation and examples, read in
November 2026; a format that changes its keys changes a line here.
"""

from auditor.guard.formats.keyed import KeyFormat, counted, listed

_TEACHERS = (
    "teacher_model_name_or_path", "teacher_model", "reward_model_path", "reward_model_name_or_path", "reward_model",
    "judge", "judge_model", "sft_model_path",
)  # fmt: skip
_KD_SERVER = "a teacher answers at an address, and its name does not stand here"
_LOGITS = "the dataset holds what a teacher answered, and its name does not stand here"

CONFIGS: tuple[KeyFormat, ...] = (
    KeyFormat(
        "AutoTrain",
        (("task", "base_model", "data.path"),),
        base=("base_model",),
        teachers=("params.reward_model",),
        datasets=("data.path",),
        outputs=("project_name",),
        published=("hub.push_to_hub",),
    ),
    KeyFormat(
        "axolotl",
        (("base_model", "datasets.path"), ("base_model", "pretraining_dataset"), ("base_model", "datasets")),
        base=("base_model", "lora_model_dir"),
        teachers=("kd_teacher", "teacher_model", "trl.reward_model", "reward_model"),
        datasets=(
            "datasets.path", "datasets.data_files", "datasets.data_files.*", "pretraining_dataset",
            "pretraining_dataset.path", "pretraining_dataset.data_files",
        ),
        tests=("test_datasets.path", "test_datasets.data_files"),
        outputs=("output_dir", "hub_model_id"),
        published=("hub_model_id",),
        elsewhere=(("kd_online_server_base_url", _KD_SERVER),),
    ),
    KeyFormat(
        "LLaMA-Factory",
        (
            ("stage", "model_name_or_path"), ("finetuning_type", "model_name_or_path"),
            ("export_dir", "model_name_or_path"), ("template", "model_name_or_path", "dataset"),
        ),
        base=("model_name_or_path", "adapter_name_or_path"),
        teachers=("reward_model", "teacher_model"),
        datasets=("dataset",),
        tests=("eval_dataset",),
        outputs=("output_dir", "export_dir", "export_hub_model_id", "hub_model_id"),
        lists=("dataset_dir",),
        split=listed,
    ),
    KeyFormat(
        "alignment-handbook",
        (("model_name_or_path", "dataset_mixture.datasets"), ("model_name_or_path", "dataset_mixer")),
        base=("model_name_or_path",),
        teachers=_TEACHERS,
        datasets=("dataset_mixture.datasets.id", "dataset_mixture.datasets.path", "dataset_mixer.@"),
        outputs=("hub_model_id", "output_dir"),
    ),
    KeyFormat(
        "ms-swift",
        (
            ("model", "dataset", "rlhf_type"), ("model", "dataset", "tuner_type"), ("model", "dataset", "train_type"),
            ("model", "dataset", "train.tuner_type"), ("model", "dataset", "split_dataset_ratio"),
            ("model", "dataset", "teacher_model"), ("model_id_or_path", "dataset"), ("model", "dataset", "sft_type"),
        ),
        base=("model", "model_id_or_path", "adapters", "resume_from_checkpoint"),
        teachers=("teacher_model", "teacher_adapters", "reward_model", "orm_model"),
        datasets=("dataset", "cached_dataset", "custom_train_dataset_path"),
        tests=("val_dataset",),
        outputs=("output_dir", "train.output_dir", "hub_model_id", "result_path"),
        elsewhere=(("teacher_model_server", _KD_SERVER),),
        split=counted,
    ),
    KeyFormat(
        "TRL",
        (
            ("model_name_or_path", "dataset_name"), ("model_name_or_path", "datasets.path"),
            ("model_name_or_path", "teacher_model_name_or_path"), ("model_name_or_path", "reward_model_path"),
            ("model_name_or_path", "train_file"), ("model_name_or_path", "dataset_path"),
        ),
        base=("model_name_or_path",),
        teachers=(*_TEACHERS, "reward_funcs_model"),
        datasets=("dataset_name", "datasets.path", "datasets.data_files", "train_file", "dataset_path"),
        tests=("validation_file", "test_file"),
        outputs=("output_dir", "hub_model_id"),
        elsewhere=(("teacher_model_server_url", _KD_SERVER), ("vllm_teacher_server_base_url", _KD_SERVER)),
    ),
    KeyFormat(
        "Unsloth",
        (("model_name", "dataset", "lora_alpha"), ("model_name", "dataset", "max_seq_length"), ("model_name", "raw_text_file")),
        base=("model_name",),
        datasets=("dataset", "raw_text_file"),
        outputs=("output_dir", "save_path", "hub_path"),
        published=("push_model", "push_gguf", "push_to_hub"),
    ),
    KeyFormat(
        "NeMo RL",
        (("policy.model_name", "data"), ("policy.model_name", "teacher")),
        base=("policy.model_name",),
        teachers=("teacher.model_name", "env.reward_model.model_name"),
        datasets=(
            "data.dataset_name", "data.train.dataset_name", "data.train.data_path", "data.train_data_path",
            "data.prompt_file",
        ),
        tests=(
            "data.validation.dataset_name", "data.validation.data_path", "data.val_data_path",
            "data.val_data_paths.*",
        ),
        outputs=("checkpointing.checkpoint_dir",),
    ),
    KeyFormat(
        "NeMo Automodel",
        (("model.pretrained_model_name_or_path", "dataset._target_"), ("model.pretrained_model_name_or_path", "recipe")),
        base=("model.pretrained_model_name_or_path",),
        teachers=("teacher_model.pretrained_model_name_or_path",),
        datasets=(
            "dataset.path_or_dataset_id", "dataset.dataset_name", "dataset.path_or_dataset", "dataset.paths",
            "dataset.data_path",
        ),
        tests=(
            "validation_dataset.path_or_dataset_id", "validation_dataset.dataset_name",
            "validation_dataset.path_or_dataset",
        ),
        outputs=("checkpoint.checkpoint_dir",),
    ),
    KeyFormat(
        "LLM Foundry",
        (("train_loader.dataset",),),
        base=("model.pretrained_model_name_or_path", "load_path"),
        datasets=(
            "train_loader.dataset.hf_name", "train_loader.dataset.remote", "train_loader.dataset.local",
            "train_loader.dataset.streams.*.remote", "train_loader.dataset.streams.*.local",
            "train_loader.dataset.hf_kwargs.data_files", "train_loader.dataset.hf_kwargs.data_dir",
        ),
        tests=("eval_loader.dataset.hf_name", "eval_loader.dataset.remote", "eval_loader.dataset.local"),
        outputs=("save_folder", "run_name"),
    ),
    KeyFormat(
        "DistillKit",
        (("model", "teacher.kind"), ("model", "teacher.path", "dataset")),
        base=("model",),
        teachers=("teacher.path",),
        datasets=("dataset.train_dataset.repo_id", "dataset.train_dataset.path", "dataset.train_dataset.data_files"),
        tests=("dataset.eval_dataset.repo_id", "dataset.eval_dataset.path"),
        outputs=("output_path", "training_args.hub_model_id"),
        published=("training_args.push_to_hub",),
        private=("training_args.hub_private_repo",),
        elsewhere=(("teacher.legacy_logit_compression", _LOGITS), ("teacher.logprob_compressor", _LOGITS)),
    ),
)  # fmt: skip
"""Tried in this order; the first that fits counts."""
