"""Real pictures and the resumable sampler that draws batches of them."""

from gan_studio.data.images import DATASETS, DatasetRow, ImageSet, load_images
from gan_studio.data.sampler import Sampler

__all__ = ["DATASETS", "DatasetRow", "ImageSet", "Sampler", "load_images"]
