"""Makes model files as other people's programs write them, and says what weights each of them holds."""
