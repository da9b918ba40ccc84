"""Products, their words and pictures, and the way they are found."""
