"""Models that are in memory: frames and mappings of columns, documents, arrays, Gymnasium's P."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlcalc.documents import EnvironmentDocument
from rlcalc.errors import UsageError
from rlcalc.mdp import MDP
from rlcalc.readers.in_memory import frame_of, holds_matrices
from rlcalc.readers.read_request import ReadRequest


def model_in_memory(
    source: Any, request: ReadRequest, settings: Mapping[str, Any] | None = None
) -> MDP | EnvironmentDocument | None:
    """Return the model that an object is; None: it is none.

    Args:
        source: a frame or a mapping of columns, with one outcome a row; a document as a mapping;
            arrays, as a mapping of P, R and perhaps gamma and start or as a pair (P, R); an
            environment of Gymnasium with a table P, or that table.
        request: how to read it.
        settings: parameters of a document.

    Raises:
        InputError: it is not as it should be.
        UsageError: settings of what has none.
    """
    if isinstance(source, Mapping) and ("environment" in source or _lists_states(source)):
        from rlcalc.readers.models.load import model_of_document

        return model_of_document(dict(source), settings or {})
    model = _without_settings(source, request)
    if model is not None and settings:
        raise UsageError(
            f"a {type(source).__name__} has no settings", fix="give a document, or leave them out"
        )
    return model


def _lists_states(source: Mapping[Any, Any]) -> bool:
    return isinstance(source.get("states"), Mapping)


def _without_settings(source: Any, request: ReadRequest) -> MDP | None:
    from rlcalc.readers.models.gym_table import is_gym_table, mdp_of_gym_table

    pair = isinstance(source, tuple) and len(source) == 2
    if pair and all(hasattr(array, "ndim") for array in source):
        source = dict(zip("PR", source, strict=True))
    environment = getattr(source, "unwrapped", None)
    if is_gym_table(getattr(environment, "P", None)):
        start = getattr(environment, "initial_state_distrib", None)
        return mdp_of_gym_table(environment.P, start)  # type: ignore[union-attr]
    if is_gym_table(source):
        return mdp_of_gym_table(source)
    if holds_matrices(source) or (isinstance(source, Mapping) and {"P", "R"} <= source.keys()):
        from rlcalc.readers.models.npz import model_of_named_arrays

        return model_of_named_arrays(source, "the arrays")
    frame = frame_of(source)
    if frame is None:
        return None
    from rlcalc.readers.models.transitions import read_frame

    return read_frame(frame, request)
