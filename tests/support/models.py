"""Models with something of their own that a training has to keep; the others share all of it with `sage`."""

OF_THEIR_OWN = ("sage", "daemon", "pinsage", "gat", "click")
