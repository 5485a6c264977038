"""Ways of judging a generator: by people, and by the discriminators of other runs."""
