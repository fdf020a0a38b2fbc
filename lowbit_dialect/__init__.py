"""The language: codes, layouts, operations and their reference semantics."""
