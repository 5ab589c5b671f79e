"""What the model is trained on: prepared rows, their tokens and labels, and checks over them."""
