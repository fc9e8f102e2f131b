import contextlib
import copyreg
import itertools
import os
import pickle
import re
import struct
import subprocess
import sys
import tracemalloc
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprop.storage.pickles import read_pickle

PARAMS = {
    "W1": np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3),
    "b1": np.array([0.5, -2.0, 1e-3]),
}


@pytest.fixture
def read(tmp_path):
    def call(data):
        (tmp_path / "p.pkl").write_bytes(data)
        return read_pickle(tmp_path / "p.pkl")

    return call


def old(data, protocol):
    """Name the modules as NumPy 1 did; texts carry their length, so protocol 3 or less."""
    assert protocol <= 3
    return data.replace(b"numpy._core.", b"numpy.core.")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "value",
    [
        *PARAMS.values(),
        PARAMS["W1"].T,
        PARAMS["W1"][:, ::2],
        np.arange(3, dtype=">i2"),
        np.zeros((0, 3)),
        np.array(2.5),
        np.float32(2.5),
    ],
    ids=["matrix", "vector", "transposed", "strided", "big-endian", "empty", "0-d", "scalar"],
)
def test_arrays_of_every_protocol(read, protocol, value):
    found = read(pickle.dumps({"x": value}, protocol))["x"]
    np.testing.assert_array_equal(found, value)
    assert found.shape == value.shape
    assert found.dtype == value.dtype.newbyteorder("=")
    assert found.dtype.isnative
    assert found.flags.writeable


@pytest.mark.parametrize("code", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])
def test_arrays_of_every_dtype(read, code):
    value = np.array([0, 1, 100], code)
    found = read(pickle.dumps({"x": value}))["x"]
    np.testing.assert_array_equal(found, value)
    assert found.dtype == code


class Twin:
    """Is read as an array of bytes that others are of too."""

    content = bytes(100_000)

    def __reduce__(self):
        _, arguments, state = np.zeros(1, "u1").__reduce__()
        state = (state[0], (len(self.content),), *state[2:4], self.content)
        return np.zeros(1).__reduce__()[0], arguments, state


def test_arrays_of_the_same_bytes_must_fit_into_the_file_too(read):
    data = pickle.dumps({"x": Twin()})
    assert read(data)["x"].nbytes == 100_000
    data = pickle.dumps({f"x{i}": Twin() for i in range(50)})
    assert len(data) < 120_000
    with pytest.raises(ValueError, match=f"its arrays must fit into its own {len(data):,} bytes"):
        read(data)


@pytest.mark.parametrize("protocol", range(4))
def test_numpy_1_named_its_modules_otherwise(read, protocol):
    data = old(pickle.dumps(PARAMS, protocol), protocol)
    assert b"numpy.core.multiarray" in data
    for name, value in read(data).items():
        np.testing.assert_array_equal(value, PARAMS[name])


def test_numpy_1_wrote_protocol_5(read):
    data = pickle.dumps(PARAMS, 5).replace(
        b"\x8c\x13numpy._core.numeric", b"\x8c\x12numpy.core.numeric"
    )
    assert b"\x12numpy.core.numeric" in data
    start = data.index(b"\x95") + 1  # the frame is one byte shorter
    size = struct.unpack("<Q", data[start : start + 8])[0] - 1
    data = data[:start] + struct.pack("<Q", size) + data[start + 8 :]
    np.testing.assert_array_equal(read(data)["W1"], PARAMS["W1"])


PYTHON_2 = {
    # cPickle.dumps({"b1": np.array([1.0, -2.0], "f4")}, protocol)
    0: b"(dp1\nS'b1'\np2\ncnumpy.core.multiarray\n_reconstruct\np3\n(cnumpy\nndarray\np4\n(I0\ntp5\n"
    b"S'b'\np6\ntp7\nRp8\n(I1\n(I2\ntp9\ncnumpy\ndtype\np10\n(S'f4'\np11\nI0\nI1\ntp12\nRp13\n(I3\n"
    b"S'<'\np14\nNNNI-1\nI-1\nI0\ntp15\nbI00\nS'\\x00\\x00\\x80?\\x00\\x00\\x00\\xc0'\np16\ntp17\nbs.",
    2: b"\x80\x02}q\x01U\x02b1q\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04"
    b"K\x00\x85q\x05U\x01bq\x06\x87q\x07Rq\x08(K\x01K\x02\x85q\tcnumpy\ndtype\nq\nU\x02f4q\x0bK\x00"
    b"K\x01\x87q\x0cRq\r(K\x03U\x01<q\x0eNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x0fb\x89"
    b"U\x08\x00\x00\x80?\x00\x00\x00\xc0q\x10tq\x11bs.",
}


@pytest.mark.parametrize("protocol", PYTHON_2)
def test_python_2(read, protocol):
    found = read(PYTHON_2[protocol])
    assert list(found) == ["b1"]
    np.testing.assert_array_equal(found["b1"], np.array([1, -2], "f4"))
    assert found["b1"].dtype == np.float32


def test_texts_numbers_and_lists_are_plain_too(read):
    value = {"a": [1, 2.5, -(2**70), None, True], "b": {"c": (b"\xff", "ü", [])}, "d": (), "e": {}}
    for protocol in range(6):
        assert read(pickle.dumps(value, protocol)) == value


class Call:
    """Pickles as a call of `function`."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def global_(module, name, protocol=4):
    """Return the instructions that put a name on the stack."""
    if protocol < 4:
        return f"c{module}\n{name}\n".encode()
    return b"".join(b"\x8c" + bytes([len(t)]) + t.encode() for t in (module, name)) + b"\x93"


def test_code_is_refused_and_does_not_run(read, tmp_path):
    target = tmp_path / "made"
    made = f"open({str(target)!r}, 'w').close()"
    payloads = [
        Call(exec, made),
        Call(eval, made),
        Call(os.system, f"touch {target}"),
        Call(subprocess.run, ["touch", str(target)]),
        Call(open, str(target), "w"),
        Call(getattr, np.zeros(3), "tofile"),
        Call(np.load, str(target)),
        Call(OrderedDict),
    ]
    for protocol, payload in itertools.product(range(6), payloads):
        function = payload.reduced[0]
        name = f"{function.__module__}.{function.__qualname__}"
        for value in (payload, {"W1": payload}, {**PARAMS, "W2": [payload]}):
            with pytest.raises(ValueError, match=f"it names {name}, which is refused"):
                read(pickle.dumps(value, protocol, fix_imports=False))
    assert not target.exists()
    exec(made)  # the payload would have done it
    assert target.exists()


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy", "ndarray.tofile"),
        ("numpy", "dtype.__class__"),
        ("numpy.core", "multiarray._reconstruct"),
        ("numpy.core.multiarray", "fromfile"),
        ("numpy.core.multiarray", "_reconstruct.__globals__"),
        ("numpy.core.multiarray", "_reconstruct.__class__"),
        ("_codecs", "decode"),
        ("__builtin__", "bytearray"),
        ("numpy.testing._private.utils", "runstring"),
    ],
)
def test_names_near_those_allowed_are_refused(read, module, name, protocol):
    with pytest.raises(ValueError, match=f"it names {module}.{name}, which is refused"):
        read(b"\x80\x04" + global_(module, name, protocol) + b".")


ARRAY = global_("numpy.core.multiarray", "_reconstruct") + global_("numpy", "ndarray")
DTYPE = global_("numpy", "dtype") + b"\x8c\x02f4\x85R"


@pytest.mark.parametrize(
    ("instructions", "message"),
    [
        (b"(ios\nsystem\n.", "it asks for INST os.system"),
        (b"(ibuiltins\nexec\n.", "it asks for INST builtins.exec"),
        (b"(" + DTYPE + b"o.", "it asks for OBJ"),
        (DTYPE + b")\x81.", "it asks for NEWOBJ,"),
        (DTYPE + b")}\x92.", "it asks for NEWOBJ_EX"),
        (b"Pname\n.", "it asks for PERSID"),
        (b"NQ.", "it asks for BINPERSID"),
        (b"\x82\x01.", "it asks for EXT1"),
        (b"\x83\x01\x00.", "it asks for EXT2"),
        (b"\x84\x01\x00\x00\x00.", "it asks for EXT4"),
        (b"\x97.", "it asks for NEXT_BUFFER"),
        (b"\x98.", "it asks for READONLY_BUFFER"),
        (b"\x8f.", "it asks for EMPTY_SET"),
        (b"}}b.", "it is damaged: TypeError: dict in place of PendingArray"),
        (global_("numpy", "dtype") + b"}b.", "type in place of PendingArray"),
        (global_("_codecs", "encode") + b"N}\x86b.", "function in place of PendingArray"),
        (global_("numpy", "ndarray") + b")R.", "'str' object is not callable"),
        (b"\x8c\x01a)R.", "'str' object is not callable"),
        (b"NK\x01\x93.", "a name must be a text"),
        (DTYPE + b"NNs.", "PickledDType in place of dict"),
        (DTYPE + b"(Ne.", "PickledDType in place of list"),
        (b"}K\x01K\x02s.", "names must be texts; got int"),
        (b"}(\x8c\x01au.", "zip"),
        (b"K\x01.", "it must hold a dictionary; got int"),
        (b".", "it is damaged: IndexError"),
        (b"s.", "the stack is empty"),
        (b"h\x07.", "it is damaged: KeyError: 7"),
        (b"\xff.", r"it is damaged: no instruction b'\\xff', at 2"),
        (b"}", "it must end with a stop; it is cut off at byte 3"),
        (b"", "cut off at byte 2"),
    ],
)
def test_instructions_that_plain_arrays_never_need(read, instructions, message):
    with pytest.raises(ValueError, match=message):
        read(b"\x80\x04" + instructions)


def test_the_extension_registry_is_never_asked(read, tmp_path):
    data = b"\x80\x02\x82\xf0."
    copyreg.add_extension("os", "system", 0xF0)
    try:
        assert pickle.loads(data) is os.system  # so that it stands in copyreg's cache as well
        with pytest.raises(ValueError, match="it asks for EXT1"):
            read(data)
    finally:
        copyreg.remove_extension("os", "system", 0xF0)


def test_buffers_beside_the_file(read):
    data = pickle.dumps(PARAMS, 5, buffer_callback=[].append)
    with pytest.raises(ValueError, match="it asks for NEXT_BUFFER"):
        read(data)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array([None]), "arrays must hold integers or floats of 1 to 8 bytes; got 'O8'"),
        (np.array([1j]), "1 to 8 bytes; got 'c16'"),
        (np.array([True]), "1 to 8 bytes; got 'b1'"),
        (np.array(["a"]), "1 to 8 bytes; got 'U1'"),
        (np.zeros(1, "f4,i4"), "1 to 8 bytes; got 'V8'"),
        (np.zeros(1, "M8[s]"), "1 to 8 bytes; got 'M8'"),
    ],
)
def test_arrays_that_hold_no_real_numbers(read, value, message):
    for protocol in range(6):
        with pytest.raises(ValueError, match=message):
            read(pickle.dumps({"x": value}, protocol))


def array_state(shape=(2,), data=b"12345678", order="<", structure=None, dtype="f4", code=b"b"):
    """Return a pickle of one array with any state, also an impossible one."""

    class DType:
        def __reduce__(self):
            return np.dtype, (dtype,), (3, order, structure, None, None, -1, -1, 0)

    class Array:
        def __reduce__(self):
            return (
                np._core.multiarray._reconstruct,
                (np.ndarray, (0,), code),
                (1, shape, DType(), False, data),
            )

    return pickle.dumps({"x": Array()})


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"shape": (3,)}, "an array of shape (3,) in f4 must have 12 bytes; got 8"),
        ({"shape": (1,)}, "an array of shape (1,) in f4 must have 4 bytes; got 8"),
        ({"shape": (10**18,)}, "must have 4000000000000000000 bytes; got 8"),
        ({"shape": (-2,)}, "the lengths of a shape must be whole numbers, 0 or more"),
        ({"shape": (2.0,)}, "the lengths of a shape must be whole numbers, 0 or more"),
        ({"shape": (True, 2)}, "the lengths of a shape must be whole numbers, 0 or more"),
        ({"shape": (0, 10**30), "data": b""}, "a shape must have at most 64 lengths, less than"),
        ({"shape": (1,) * 60 + (2,)}, None),
        ({"shape": (1,) * 99 + (2,)}, "a shape must have at most 64 lengths, less than"),
        ({"shape": 2}, "it is damaged: TypeError"),
        ({"data": [1, 2]}, "must have 8 bytes; got 2"),
        ({"data": [None] * 8}, "it is damaged: TypeError"),
        ({"data": "\xff" * 8}, None),
        ({"data": "€" * 8}, "can't encode"),
        ({"order": "?"}, "a byte order must be <, >, | or =; got '?'"),
        ({"order": 3}, "a byte order must be <, >, | or =; got 3"),
        ({"structure": {}}, "arrays must hold plain numbers; got a structure"),
        ({"dtype": "f4,f4"}, "got 'f4,f4'"),
        ({"dtype": ("f4", 2)}, "got ('f4', 2)"),
        ({"dtype": "O"}, "got 'O'"),
    ],
)
def test_impossible_states_are_refused(read, state, message):
    data = array_state(**state)
    if message is None:
        assert read(data)["x"].size == 2
        return
    with pytest.raises(ValueError, match=re.escape(message)):
        read(data)


def test_bytes_come_in_latin1_only(read):
    data = pickle.dumps({"x": b"\xff"}, 2).replace(b"latin1", b"rot_13")
    with pytest.raises(ValueError, match="bytes must be written in latin1; got 'rot_13'"):
        read(data)


def test_an_array_that_is_never_filled_is_none(read):
    data = b"\x80\x04}\x8c\x01x" + ARRAY + b")\x8c\x01b\x87Rs."
    assert read(data) == {"x": None}


def test_lengths_and_numbers_that_lie_cost_nothing(read):
    lies = [
        b"\x96" + struct.pack("<Q", 2**40),
        b"\x8e" + struct.pack("<Q", 2**40),
        b"\x8d" + struct.pack("<Q", 2**63),
        b"\x95" + struct.pack("<Q", 2**40),
        b"B" + struct.pack("<I", 2**32 - 1),
        b"Nr" + struct.pack("<I", 2**32 - 1),
        b"Nr" + struct.pack("<I", 2**30) + b".",
    ]
    tracemalloc.start()
    try:
        for data in lies:
            with pytest.raises(ValueError, match="."):
                read(b"\x80\x05" + data)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_a_nest_that_doubles_is_neither_hashed_nor_shown(read):
    nest = b")q\x00" + b"h\x00h\x00\x86q\x00" * 60
    for use in (
        nest + b"Ns.",
        nest + b"N\x93.",
        nest + b"\x8c\x01a\x93.",
        global_("numpy", "dtype") + nest + b"\x85R.",
        DTYPE + b"(K\x03" + nest + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb.",
        global_("_codecs", "encode") + b"\x8c\x01a" + nest + b"\x86R.",
    ):
        with pytest.raises(ValueError, match=".") as error:
            read(b"\x80\x04}" + use)
        assert len(str(error.value)) < 2000


@pytest.mark.parametrize("protocol", range(6))
def test_cut_off_anywhere(read, protocol):
    data = pickle.dumps({"W1": PARAMS["W1"], "b1": PARAMS["b1"]}, protocol)
    for end in range(len(data) - 1):
        with pytest.raises(ValueError, match="."):
            read(data[:end])


EXAMPLES = [pickle.dumps(PARAMS, protocol) for protocol in range(6)] + list(PYTHON_2.values())


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damage_is_a_value_error(read, data):
    whole = bytearray(data.draw(st.sampled_from(EXAMPLES)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with contextlib.suppress(ValueError):
        assert isinstance(read(bytes(whole)), dict)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=60))
def test_noise_is_a_value_error(read, noise):
    with contextlib.suppress(ValueError):
        assert isinstance(read(b"\x80\x04" + noise), dict)


def test_nothing_is_imported(tmp_path):
    (tmp_path / "p.pkl").write_bytes(b"cantigravity\nfly\n)R.")
    code = (
        "import sys\nfrom backprop.storage.pickles import read_pickle\n"
        "try: read_pickle(sys.argv[1])\nexcept ValueError as error: print(error)\n"
        "print('antigravity' in sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "p.pkl")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout == (
        "it names antigravity.fly, which is refused; nothing of it was run\nFalse\n"
    )


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        read_pickle(tmp_path / "nothing")


def test_escapes_that_are_none_are_read_without_a_word(read):
    """Python warns of them, and warnings are errors here."""
    with pytest.raises(ValueError, match="must hold a dictionary; got str"):
        read(b"S'\\d'\n.")
