"""Rows, tables and files as named features, in memory or in batches."""
