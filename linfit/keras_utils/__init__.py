"""Helpers for Keras and TensorFlow: variables, float types, optimizers and `tf.distribute`."""
