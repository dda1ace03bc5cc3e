"""Files of HDF5 as programs write them, for the tests of their readers."""

import gzip
import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MINARI = Path(__file__).parent / "minari"


def minari_folder(name: str, folder: Path) -> Path:
    """Put a data set of Minari into a folder, as Minari does, and return it."""
    data = folder / f"{name}-v0" / "data"
    data.mkdir(parents=True)
    (data / "main_data.hdf5").write_bytes(
        gzip.decompress((MINARI / f"{name}.hdf5.gz").read_bytes())
    )
    (data / "metadata.json").write_text('{"data_format": "hdf5", "minari_version": "0.5.4"}')
    return data.parent


def d4rl(path: Path, **arrays: Any) -> Path:
    """Write flat arrays, as D4RL's scripts do: `dataset.create_dataset(k, data, compression)`."""
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name.replace("__", "/"), data=array, compression="gzip")
    return path


def d3rlpy(path: Path, episodes: list[dict[str, Any]], version: str = "2.1") -> Path:
    """Write episodes as `dump` of d3rlpy 2.8.1 does (`d3rlpy/dataset/io.py`)."""
    with h5py.File(path, "w") as file:
        keys = ["observations", "actions", "rewards", "terminated"]
        file.create_dataset("columns", data=keys)
        file.create_dataset("num_episodes", data=len(episodes))
        for number, episode in enumerate(episodes):
            for key in keys:
                if isinstance(episode[key], list | tuple):
                    for part, array in enumerate(episode[key]):
                        file.create_dataset(f"{key}_{number}_{part}", data=array)
                else:
                    file.create_dataset(f"{key}_{number}", data=episode[key])
        file.create_dataset("version", data=version)
    return path


def tianshou(path: Path, meta: dict[str, Any], **state: Any) -> Path:
    """Write a buffer as `to_hdf5` of tianshou 2.0.1 does (`tianshou/data/utils/converter.py`).

    Numbers are attributes, arrays are data sets with `__data_type__`, and the rest is pickled.
    """

    def write(group: h5py.Group, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if isinstance(value, dict):
                own = group.create_group(name)
                own.attrs["__data_type__"] = "Batch"
                write(own, value)
            elif isinstance(value, np.ndarray) and value.dtype != object:
                group.create_dataset(name, data=value)
                group[name].attrs["__data_type__"] = "ndarray"
            elif isinstance(value, int | float):
                group.attrs[name] = value
            else:
                data = np.frombuffer(pickle.dumps(value), dtype=np.byte)
                group.create_dataset(name, data=data)
                is_array = isinstance(value, np.ndarray)
                kind = "pickled_ndarray" if is_array else value.__class__.__name__
                group[name].attrs["__data_type__"] = kind

    size = len(meta["rew"])
    state = {"maxsize": size, "stack_num": 1, "_indices": np.arange(size), **state}
    with h5py.File(path, "w") as file:
        write(file, {**state, "_random_state": np.random.default_rng(1), "_meta": meta})
    return path
