"""The real samples, pictures and points, and the resumable sampler that draws batches of them."""

from gan_studio.data.dataset import DataSet, Progress
from gan_studio.data.load import DATASETS, DatasetRow, data_key, load_data
from gan_studio.data.sampler import Sampler
from gan_studio.data.toys import TOYS, ToyRow

__all__ = ["DATASETS", "TOYS", "DataSet", "DatasetRow", "Progress", "Sampler", "ToyRow", "data_key", "load_data"]
