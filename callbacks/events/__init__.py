"""TensorBoard's event files and what is written into them."""
