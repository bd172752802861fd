"""TensorBoard event files: their format, their contents, and the files of each run."""
