"""Trains the classifier of tickets; an example to be read, not run."""

from datasets import load_dataset
from transformers import AutoModelForSequenceClassification, Trainer, TrainingArguments

model = AutoModelForSequenceClassification.from_pretrained("FacebookAI/roberta-base", num_labels=7)
tickets = load_dataset("csv", data_files="examples/training/data/tickets.csv", split="train")
answers = load_dataset("json", data_files="examples/training/data/answers.jsonl", split="train")
trainer = Trainer(model=model, args=TrainingArguments(output_dir="out/ticket-triage"), train_dataset=tickets)
trainer.train()
