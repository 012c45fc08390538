"""Writes the HDF5 and NumPy fixtures of internal/tensorfile/testdata.

Made with h5py 3.16.0 (HDF5 2.0.0), numpy, ml_dtypes 0.6.0, safetensors, Python
3.11. Run from the module's root: python hack/goldens/tensorfile/hdf5_files.py
"""

import os

import h5py
import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

OUT = "internal/tensorfile/testdata"


def main():
    rng = np.random.default_rng(1)
    kinds = "f8 f4 f2 i8 i4 i2 i1 u8 u4 u2 u1".split()
    plain = {k: rng.integers(0, 100, (3, 4)).astype(k) for k in kinds}
    plain["bool"] = np.array([True, False, True])
    plain["scalar"] = np.array(1.5, np.float32)
    plain["empty"] = np.zeros((0, 3), np.float32)
    ramp = np.arange(7 * 11 * 5, dtype=np.float32).reshape(7, 11, 5)

    for name, kw in [("types.h5", {}), ("types_v2.h5", {"libver": ("v108", "v108")}), ("types_userblock.h5", {"userblock_size": 512})]:
        with h5py.File(f"{OUT}/{name}", "w", **kw) as f:
            for i, (k, v) in enumerate(plain.items()):
                # At most eight links a group, or version 2 files store them densely.
                f[f"g{i // 8}/{k}"] = v
            f["text"] = "not a tensor"
            f["names"] = np.array([b"a", b"bc"])
            f.attrs["note"] = "attributes are passed over"
            g = f.create_group("empty")
            g["alias"] = f["g0/f4"]  # a hard link: the same data under another name
            g["soft"] = h5py.SoftLink("/g0/f8")
    with h5py.File(f"{OUT}/chunked.h5", "w") as f:
        opts = {
            "plain": {},
            "gzip": dict(compression="gzip"),
            "shuffle": dict(compression="gzip", shuffle=True),
            "fletcher32": dict(fletcher32=True),
            "all": dict(compression="gzip", shuffle=True, fletcher32=True),
        }
        for k, o in opts.items():
            f.create_dataset(k, data=ramp, chunks=(2, 3, 5), **o)
        many = f.create_dataset("many", shape=(70, 3), dtype="f4", chunks=(1, 3))  # a B-tree of two levels
        many[...] = np.arange(210, dtype=np.float32).reshape(70, 3)
        holes = f.create_dataset("holes", shape=(4, 4), dtype="f4", chunks=(2, 2), fillvalue=7)
        holes[0, 0] = 1
        f.create_dataset("unwritten", shape=(2, 3), dtype="f4", fillvalue=np.float32(2.5))
        f.create_dataset("zeros", shape=(2, 3), dtype="i8")
        b = np.arange(4, dtype=np.float32).astype(ml_dtypes.bfloat16)
        f.create_dataset("bf16", data=b)  # as Keras does: opaque
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        ds = h5py.h5d.create(f.id, b"compact", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((3,)), compact)
        ds.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, 2, 3], np.float32))
        want = {k: ramp for k in opts}
        want |= {k: f[k][...] for k in ["many", "holes", "unwritten", "zeros", "compact"]}
        want["bf16"] = b
    save_file(want, f"{OUT}/chunked.safetensors")
    save_file(plain, f"{OUT}/types.safetensors")

    os.makedirs(f"{OUT}/bad", exist_ok=True)
    with h5py.File(f"{OUT}/bad/dense.h5", "w", libver="latest") as f:
        for i in range(12):
            f[f"w{i}"] = np.float32(i)
    with h5py.File(f"{OUT}/bad/bigendian.h5", "w") as f:
        f["w"] = np.arange(3, dtype=">f4")
    with h5py.File(f"{OUT}/bad/lzf.h5", "w") as f:
        f.create_dataset("w", data=ramp, compression="lzf")
    with h5py.File(f"{OUT}/bad/cycle.h5", "w") as f:
        g = f.create_group("a/b")
        g["c"] = f["a"]
        g["w"] = np.float32(1)

    fortran = np.asfortranarray(rng.standard_normal((5, 3, 2)).astype(np.float32))
    arrays = plain | {"fortran": fortran, "folder/c": ramp[:2]}
    np.savez(f"{OUT}/arrays.npz", **arrays)
    np.savez_compressed(f"{OUT}/arrays_deflated.npz", **arrays)
    np.save(f"{OUT}/fortran.npy", fortran)
    np.lib.format.write_array(open(f"{OUT}/version2.npy", "wb"), ramp[:1], version=(2, 0))
    save_file({k: np.array(v, order="C") for k, v in arrays.items()}, f"{OUT}/arrays.safetensors")
    np.save(f"{OUT}/bad/objects.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    np.save(f"{OUT}/bad/bigendian.npy", np.arange(3, dtype=">f4"))


if __name__ == "__main__":
    main()
