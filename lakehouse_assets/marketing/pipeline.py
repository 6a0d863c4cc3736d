"""Compose the marketing pipeline."""
