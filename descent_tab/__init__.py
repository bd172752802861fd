"""The Descent tab of TensorBoard: the format of its data, what serves them, and its page."""
