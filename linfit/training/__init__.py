"""Running `train_step`, in compiled blocks or in Keras's own loop, and recording its steps."""
