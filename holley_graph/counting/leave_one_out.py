"""What counting would say of a person without what that person did: leave-one-out.

Effects are fitted to everybody's choices, so a choice is among its own evidence. In a model of vehicle that few
people own, the effects then know the answer, and whatever is learned beside them seems to be worth little. Without
the person's own choices an effect is (n_c − n_own + a) / (e_c + a). What is expected of the cell, and the trend,
stay as they are: one person changes them little.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holley_graph.counting.utility import Counted
from holley_graph.keys import find
from holley_graph.snapshot.snapshot import Ints, Snapshot

Floats = npt.NDArray[np.float64]


def left_out(snapshot: Snapshot, counted: Counted, user: Ints, fitment: Ints) -> Floats:
    """[n] what counting's log utility of each fitment loses without the choices of each person, 0 or less.

    Args:
        snapshot: that was counted.
        counted: see there.
        user: [n] rows of users; all ids of a person are left out together.
        fitment: [n] rows of fitments of their vehicles.
    """
    person, events = snapshot.person, counted.events
    is_own = (events.fitment >= 0) & np.isin(person[events.user], person[user])
    owner, chosen, weight = person[events.user[is_own]], events.fitment[is_own], events.weight[is_own]
    asker, change = person[user], np.zeros(len(user))
    for cells, strength in zip(counted.effects.cells, counted.effects.strength, strict=True):
        count, cell = len(cells.vehicle), cells.rows[fitment]
        keys, row = np.unique(owner * count + cells.rows[chosen], return_inverse=True)
        place = find(keys, asker * count + cell)
        affected = np.flatnonzero(place >= 0)
        everybody = np.bincount(cells.rows, counted.choices, count)[cell[affected]]
        others = np.maximum(everybody - np.bincount(row, weight)[place[affected]], 0.0)
        change[affected] += np.log((others + strength) / (everybody + strength))
    return change
