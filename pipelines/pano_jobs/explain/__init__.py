"""Explanations of a path: contact sheet, why-page, map timeline."""
