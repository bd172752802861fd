"""What is known of a model's loss on its rows, and what is said of a fit."""
