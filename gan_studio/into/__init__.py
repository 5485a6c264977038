"""Into a latent space: which latent makes a given picture, and how near a generator is to its training pictures."""
