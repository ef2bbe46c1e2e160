"""The readers of training configurations, cards and manifests; `reading.py` has the table of them."""
