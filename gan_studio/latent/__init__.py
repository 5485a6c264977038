"""Walking the latent space: paths, directions, and the explorer that draws pictures."""
