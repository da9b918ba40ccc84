"""A shop under random work while its parts are killed, stopped, cut off and started again."""
