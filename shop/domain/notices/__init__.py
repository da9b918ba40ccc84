"""Messages to people, and the door that carries them."""
