"""What `train` says of itself to people."""

from __future__ import annotations

import pytest

from holley_graph.cli.train import _show_trust

TRUST = {"scale": 0.254, "held_back_from": 1_764_547_200, "purchases": 1_204, "enough": True}


def test_it_says_how_far_the_network_counts_and_what_that_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    _show_trust(TRUST)
    printed = capsys.readouterr().out.replace("\n", " ")
    assert "count 0.25: this predicts the 1,204 purchases in the 30 days from 2025-12-01 best" in printed
    assert "uncertain" not in printed


def test_it_says_so_where_hidden_people_chose_it(capsys: pytest.CaptureFixture[str]) -> None:
    _show_trust(TRUST | {"choices": 656})
    printed = capsys.readouterr().out.replace("\n", " ")
    assert "count 0.25: this explains 656 carts and orders of other people best" in printed


def test_it_warns_where_too_few_purchases_could_tell(capsys: pytest.CaptureFixture[str]) -> None:
    _show_trust(TRUST | {"purchases": 56, "enough": False})
    printed = capsys.readouterr().out.replace("\n", " ")
    assert "uncertain, from 56 purchases in the 30 days from 2025-12-01: 1,000 would do" in printed
