"""What is peculiar to Keras and TensorFlow: variables, float policy, optimizer, distribution."""
