"""The data of the Descent tab."""
