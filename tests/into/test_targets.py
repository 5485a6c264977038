import io

import numpy as np
import pytest
import torch
from PIL import Image

from gan_studio.data import DataSet
from gan_studio.errors import StudioError
from gan_studio.into.targets import real_picture, uploaded_picture


def file(picture, kind="PNG"):
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def test_a_real_picture_belongs_to_its_seed_and_class(images):
    found = [real_picture(images, 3, seed) for seed in (1, 1, 2)]
    assert torch.equal(found[0].image, found[1].image) and not torch.equal(found[0].image, found[2].image)
    assert all(real.label == 3 and real.class_name == "3" for real in found)
    assert {real_picture(images, None, seed).label for seed in range(20)} > {1, 2}


def test_it_says_how_far_two_of_its_class_are_apart():
    samples = torch.zeros(4, 1, 2, 2, dtype=torch.uint8)
    samples[1] = 255
    data = DataSet("mnist", samples, torch.tensor([0, 0, 1, 1]), ("a", "b"))
    assert real_picture(data, 0, 0).typical == pytest.approx(2) and real_picture(data, 1, 0).typical == 0


def test_classes_that_are_not_there_are_refused(images):
    with pytest.raises(StudioError, match="10 classes"):
        real_picture(images, 10, 0)
    few = DataSet("mnist", images.samples[:5], images.labels[:5], images.classes)
    with pytest.raises(StudioError, match="no picture of class 7"):
        real_picture(few, 7, 0)
    with pytest.raises(StudioError, match="points"):
        real_picture(DataSet("ring8", torch.zeros(5, 2), torch.zeros(5, dtype=torch.int64)), None, 0)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 20, 28)])
def test_an_upload_is_cropped_to_its_middle_and_made_to_fit(shape):
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = 255  # the middle square is white
    found = uploaded_picture(file(Image.fromarray(wide)), shape)
    assert found.shape == shape and found.dtype == torch.uint8 and (found == 255).all()


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "not a picture"),
        (b"GIF89a and nothing else", "damaged|not a picture"),
        (file(Image.new("L", (40, 40)))[:-30], "damaged"),
        (file(Image.new("1", (9000, 9000))), "megapixels"),
    ],
)
def test_what_is_no_picture_is_refused(data, complaint):
    with pytest.raises(StudioError, match=complaint):
        uploaded_picture(data, (1, 28, 28))
