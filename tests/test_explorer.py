import threading

import pytest
import torch

from gan_studio.data.pixels import to_bytes
from gan_studio.errors import StudioError
from gan_studio.explorer import Explorer, draw_first, draw_map, draw_together
from gan_studio.latent.maps import BlendRequest, MapRequest, PlaneRequest, pack_plane, plane_of
from gan_studio.latent.source import DrawRequest, LatentRequest
from gan_studio.latent.vectors import pack
from gan_studio.sampling import sample_images
from gan_studio.worker import Worker
from tests.conftest import tiny_config, wait_until


@pytest.fixture
def explorer(session):
    workers = Worker(session), Worker(session)
    yield Explorer(session, *workers)
    for worker in workers:
        worker.close()


def draw(explorer, **request):
    return explorer.submit(LatentRequest(**request)).result(timeout=20)


def draw_given(explorer, **request):
    return explorer.quick("live", draw_first, DrawRequest(**request)).result(timeout=20)[0]


def test_it_says_when_there_is_nothing_to_draw(explorer):
    with pytest.raises(StudioError, match="no run yet"):
        draw(explorer)
    with pytest.raises(StudioError, match="'gone' is not there"):
        draw(explorer, source="gone")
    with pytest.raises(StudioError, match="checkpoint name"):
        draw(explorer, source="../../etc/passwd")


@pytest.mark.parametrize("network", ["dcgan", "mlp"])
def test_the_live_source_is_the_averaged_generator_with_the_newest_weights(session, explorer, network):
    session.start(tiny_config(network, precision="float32", generator_lr=0.05))
    wait_until(lambda: session.snapshot.step > 1)
    early = draw(explorer, seed=3)
    wait_until(lambda: session.snapshot.step > early.step + 3)
    session.pause()
    late = draw(explorer, seed=3)
    assert late.step == session.snapshot.step and not torch.equal(early.images, late.images)
    z = torch.randn(8, generator=torch.Generator().manual_seed(3))
    expected = session._run.trainer.sample(z[None])
    assert (late.images[0].int() - expected[0].int()).abs().max() <= 1


def test_a_saved_checkpoint_stays_as_it_was(session, explorer, tmp_path):
    session.start(tiny_config())
    wait_until(lambda: session.snapshot.step > 1)
    session.pause()
    session.save("kept")
    kept = draw(explorer, source="kept", seed=1)
    assert torch.equal(kept.images, draw(explorer, seed=1).images)
    session.resume()
    wait_until(lambda: session.snapshot.step > kept.step + 5)
    assert torch.equal(kept.images, draw(explorer, source="kept", seed=1).images)
    session.pause()
    session.save("kept")  # the same name again: the new file counts
    assert draw(explorer, source="kept", seed=1).step == session.snapshot.step


def test_a_new_run_of_another_shape_is_taken_over(session, explorer):
    session.step_once(tiny_config())
    assert draw(explorer).latents.shape[1] == 8
    session.reset(tiny_config("dcgan", latent_size=5))
    assert draw(explorer).latents.shape[1] == 5 and len(draw(explorer).explained) == 5


def test_samples_of_a_checkpoint_do_not_depend_on_their_number(session):
    session.step_once(tiny_config())
    path = session.save("x")
    few, many = sample_images(path, 3, seed=4), sample_images(path, 600, seed=4)
    assert many.shape == (600, 28, 28, 1) and many.dtype == "uint8"
    assert (few == many[:3]).all() and (sample_images(path, 3, seed=5) != few).any()
    with pytest.raises(StudioError, match="ask for fewer"):
        sample_images(path, 10**9, seed=0)


def test_given_latents_are_drawn_as_they_are(session, explorer):
    session.step_once(tiny_config())
    first = draw(explorer, seed=4)
    again = draw_given(explorer, z=pack(first.latents[:5]))
    assert torch.equal(again.images, first.images[:5]) and torch.equal(again.latents, first.latents[:5])
    around = draw(explorer, z=pack(first.latents[2]), spread=0)
    assert torch.equal(around.images[0], first.images[2])


def test_what_is_frozen_keeps_its_weights_while_training_goes_on(session, explorer):
    config = tiny_config(generator_lr=0.05)
    session.step_once(config)
    before, kept = draw(explorer, seed=1), explorer.quick("live", lambda source: source.frozen()).result(timeout=20)
    for _ in range(3):
        session.step_once(config)
    assert draw(explorer, seed=1).step == 4 and kept.step == 1
    drawn = explorer.go_on_drawing(kept.draw, before.latents).result(timeout=20)
    assert torch.equal(drawn, before.images) and not torch.equal(draw(explorer, seed=1).images, drawn)


def test_each_latent_is_drawn_in_its_own_class(session, explorer):
    session.step_once(tiny_config(generator_conditioning="embedding"))
    z, wanted = pack(draw(explorer, seed=4).latents[:2]), (7, 9999)
    both = draw_given(explorer, z=z, labels=wanted).images
    for place, label in enumerate(wanted):
        assert torch.equal(
            both[place],
            draw_given(explorer, z=z, label=label).images[place],
        )
    with pytest.raises(StudioError, match="1 classes for 2 latents"):
        draw_given(explorer, z=z, labels=(7,))


def test_pictures_drawn_together_are_those_drawn_alone(session, explorer):
    session.step_once(tiny_config(generator_conditioning="embedding"))
    requests = [LatentRequest(seed=seed, label=seed, variations=seed) for seed in range(5)]
    latents = pack(torch.randn(3, explorer.submit(requests[0]).result(timeout=20).latents.shape[1]))
    requests += [DrawRequest(z=latents, label=4), DrawRequest(z=latents, labels=(7, 1, 9999))]
    requests += [BlendRequest(seed=3, label=2, places=((0.1, 0.7), (0.5, 0.5)))]
    refused = LatentRequest(z=pack(torch.zeros(3)))
    together = explorer.quick("live", draw_together, [*requests, refused]).result(timeout=20)
    assert isinstance(together.pop(), StudioError)
    for request, drawing in zip(requests, together, strict=True):
        alone = explorer.submit(request).result(timeout=20)
        assert torch.equal(drawing.latents, alone.latents) and drawing.class_name == alone.class_name
        assert (
            drawing.images.int() - alone.images.int()
        ).abs().max() <= 1  # sums are rounded otherwise in another batch


def test_a_study_holds_up_no_picture(session, explorer):
    session.step_once(tiny_config())
    hold, started = threading.Event(), threading.Event()

    def study(source, number):
        started.set()
        assert hold.wait(20)
        return source.step + number

    future = explorer.study("live", study, 10)
    assert started.wait(20)
    assert draw(explorer).step == 1  # meanwhile
    hold.set()
    assert future.result(timeout=20) == 11


def test_a_study_may_ask_for_the_discriminator(session, explorer):
    session.step_once(tiny_config())
    session.save("kept")
    for source in ("live", "kept"):
        player = explorer.study_player(source, lambda player: player).result(timeout=20)
        assert player.source.step == 1 and player.name == source
        assert player.judge.outputs(session._run.data.samples[:4], None).shape == (4,)


def test_raw_weights_are_those_that_are_trained(session, explorer):
    config = tiny_config("dcgan", precision="float32", generator_lr=0.05)
    session.start(config)
    wait_until(lambda: session.snapshot.step > 3)
    session.pause()
    session.save("kept")
    average = draw(explorer, seed=3)
    live, saved = (draw(explorer, seed=3, beside=name, beside_raw=True) for name in ("live", "kept"))
    expected = to_bytes(session._run.trainer.generator.eval()(average.latents.detach()))
    session._run.trainer.generator.train()
    for raw in (live, saved):
        assert (raw.images.int() - expected.int()).abs().max() <= 1 and raw.step == average.step
    assert not torch.equal(live.images, average.images)
    assert torch.equal(draw(explorer, seed=3, beside="live").images, average.images)
    session.step_once(config)
    assert draw(explorer, seed=3, beside="live", beside_raw=True).step == average.step + 1


@pytest.mark.parametrize("network", ["dcgan", "mlp"])
def test_a_map_shows_the_pictures_of_its_latents(session, explorer, network):
    session.step_once(tiny_config(network))
    plane, marks = explorer.quick("live", lambda source: plane_of(PlaneRequest(), source)).result(timeout=20)
    wanted = MapRequest(plane=pack_plane(plane), places=marks.tolist())
    found = explorer.quick("live", draw_map, wanted).result(timeout=20)
    exact = draw_given(explorer, z=pack(found.latents))
    # It may be drawn in bfloat16, whose eight bits are one part in 256 of the range, at each layer anew.
    assert (found.images.int() - exact.images.int()).abs().float().mean() < 2


def test_earlier_steps_of_the_run_are_sources_too(session, explorer):
    with pytest.raises(StudioError, match="no run yet"):
        draw(explorer, source="live@0")
    start = {}
    for step in range(1, 52):
        session.step_once(tiny_config("mlp", precision="float32", generator_lr=0.05))
        if step == 25:
            start[25] = draw(explorer, seed=3)
    early, later = draw(explorer, source="live@0", seed=3), draw(explorer, source="live@30", seed=3)
    assert (early.step, later.step, draw(explorer, source="live@999999999999").step) == (0, 25, 50)
    assert torch.equal(later.images, start[25].images) and not torch.equal(early.images, later.images)
    assert torch.equal(draw(explorer, source="live@0", seed=3).images, early.images)
    beside = draw(explorer, source="live@0", seed=3, beside="live@25")
    assert torch.equal(beside.images, later.images)
    player = explorer.study_player("live@25", lambda player: player).result(timeout=20)
    assert player.source.step == 25 and player.judge.outputs(session._run.data.samples[:4], None).shape == (4,)
    session.reset(tiny_config("dcgan", latent_size=5))
    assert draw(explorer, source="live@50").latents.shape[1] == 5


@pytest.mark.parametrize("name", ["live@", "live@-1", "live@1e3", "live@now", "live@²"])
def test_a_step_that_is_no_number_is_refused(session, explorer, name):
    session.step_once(tiny_config())
    with pytest.raises(StudioError, match="must be a step, such as live@100"):
        draw(explorer, source=name)


def test_raw_weights_of_the_past_are_refused(session, explorer):
    session.step_once(tiny_config())
    with pytest.raises(StudioError, match="only kept averaged"):
        draw(explorer, beside="live@0", beside_raw=True)


def test_many_people_share_the_live_gans_they_lay_over_their_maps(session, explorer):
    session.reset(tiny_config())
    session.resume()
    given = [[None] * 6]  # six people, one request each in turn, each whole map of one step

    def ask(step):
        study = explorer.study_player("live", lambda player: player.source.step, shared=True, step=step)
        return study.result(timeout=20)

    for _ in range(8):
        given.append([ask(step) for step in given[-1]])
    session.pause()
    assert all(steps == given[1] for steps in given[2:])
    session.step_once(tiny_config())
    assert ask(10**6) == session.snapshot.step > given[1][0]  # that one is not known: the newest


def test_an_announced_count_of_latents_must_be_theirs(session, explorer):
    session.step_once(tiny_config())
    z = pack(draw(explorer, seed=4).latents[:2])
    assert len(draw_given(explorer, z=z, count=2).images) == 2
    with pytest.raises(StudioError, match="3 latents were announced, 2 came"):
        draw_given(explorer, z=z, count=3)
