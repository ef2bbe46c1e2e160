"""Speed as ratios to what is measured in the same run."""
