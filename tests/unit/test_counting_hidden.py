"""Hidden people: who they are, what they chose, and how likely that was."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from holley_graph.counting.events import bins, trend_bins
from holley_graph.counting.hidden import HiddenChoices, hide
from holley_graph.snapshot.snapshot import VIEWED
from tests.support import planted

WORLD = planted.world(users=600, makes=2, models=2).snapshot


def test_all_ids_of_a_person_are_hidden_or_none_is() -> None:
    person = np.arange(WORLD.users.num_rows) // 3
    hidden = hide(replace(WORLD, users=WORLD.users.append_column("person", pa.array(person))))
    seen, acted = (np.isin(np.arange(len(person)), known.event("user")) for known in (hidden.rest, WORLD))
    removed = acted & ~seen
    assert 0.1 < removed.sum() / acted.sum() < 0.3
    assert not set(person[removed]) & set(person[seen])


def test_a_choice_is_a_cart_or_an_order_that_fits_in_the_days_of_views() -> None:
    hidden = hide(WORLD)
    removed = ~np.isin(WORLD.event("user"), hidden.rest.event("user"))
    when = bins(WORLD.event("at"), WORLD.as_of)
    fitment = WORLD.fitment(WORLD.user_vehicle[WORLD.event("user")], WORLD.event("product"))
    wanted = removed & (WORLD.event("kind") != VIEWED) & (fitment >= 0) & (when < trend_bins(hidden.rest))
    assert hidden.enough
    chosen = set(zip(hidden.chosen.tolist(), hidden.bin.tolist(), strict=True))
    assert chosen == set(zip(fitment[wanted].tolist(), when[wanted].tolist(), strict=True))


def test_the_likelihood_is_that_of_a_softmax_among_what_fits() -> None:
    """Two choices for one vehicle and one for another, by hand."""
    chosen = np.array([WORLD.fit_offsets[0], WORLD.fit_offsets[0] + 1, WORLD.fit_offsets[3] + 2])
    hidden = HiddenChoices(WORLD, chosen, np.array([0, 4, 4]))
    utility = np.random.default_rng(0).normal(size=len(hidden.fitment)) * 30
    by_hand, start = 0.0, 0
    for choice, time_bin in zip(chosen, hidden.bin, strict=True):
        cells = np.flatnonzero(WORLD.fits[:, 0] == WORLD.fits[choice, 0])
        here = utility[start : start + len(cells)]
        assert hidden.fitment[start : start + len(cells)].tolist() == cells.tolist()
        assert (hidden.candidate_bin[start : start + len(cells)] == time_bin).all()
        by_hand += here[cells == choice][0] - np.logaddexp.reduce(here)
        start += len(cells)
    assert start == len(utility)
    assert hidden.nats(utility) == pytest.approx(by_hand)
