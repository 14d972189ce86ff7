"""Evaluation of localization and of confidence: sections 5.1–5.3."""
