"""Data that the Descent tab reads from the logs."""
