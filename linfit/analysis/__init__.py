"""The analysis of a fit: its loss, its distance from the optimum, advice and verdict."""
