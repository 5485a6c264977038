"""GAN Studio: train generative adversarial networks live in a browser and walk their latent space."""

__version__ = "0.1.0"
