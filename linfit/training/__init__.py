"""How `train_step` is run and recorded."""
