"""Builds the fact tables: records joined with what the company declares."""
