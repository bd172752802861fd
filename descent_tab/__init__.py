"""The Descent tab of TensorBoard: its data format, its server plugin and its page."""
