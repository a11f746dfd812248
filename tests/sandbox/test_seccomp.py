"""The filter's answers, computed by running its program as the kernel does (one machine per test run has
only its own)."""

import errno
import json
import struct

import pytest

from memento.errors import SandboxError
from memento.sandbox import seccomp
from memento.sandbox.syscalls import ARCHITECTURES

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "i386": 0x40000003}
NUMBERS = {
    "x86_64": {
        "read": 0,
        "clone": 56,
        "socket": 41,
        "ioctl": 16,
        "openat": 257,
        "fchmodat": 268,
        "ptrace": 101,
    },
    "aarch64": {
        "read": 63,
        "clone": 220,
        "socket": 198,
        "ioctl": 29,
        "openat": 56,
        "fchmodat": 53,
        "ptrace": 117,
    },
}
ALLOWED, KILLED = "allowed", "killed"


def answer(machine: str, number: int, *arguments: int, audit: int | None = None) -> str | int:
    """What the kernel does: an errno, or one of the words above."""
    values = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("=IIQ6Q", number, audit or AUDIT[machine], 0, *values)
    code = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    accumulator = position = 0
    while True:
        operation, when, otherwise, constant = code[position]
        position += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, constant)
        elif operation == 0x06:
            return {0x7FFF0000: ALLOWED, 0x80000000: KILLED}.get(constant, constant & 0xFFFF)
        else:
            test = {
                0x15: accumulator == constant,
                0x35: accumulator >= constant,
                0x45: accumulator & constant,
            }
            position += when if test[operation] else otherwise


@pytest.mark.parametrize("machine", NUMBERS)
def test_ordinary_calls_are_allowed(machine):
    numbers = NUMBERS[machine]
    assert answer(machine, numbers["read"], 0, 0, 10) == ALLOWED
    assert answer(machine, numbers["socket"], 1, 1) == ALLOWED
    assert answer(machine, numbers["clone"], 17) == ALLOWED
    assert answer(machine, numbers["openat"], 0, 0, 0o101, 0o777) == ALLOWED
    assert answer(machine, numbers["ioctl"], 0, 0x5401) == ALLOWED


@pytest.mark.parametrize("machine", NUMBERS)
def test_every_denied_call_is_not_permitted(machine):
    denied = ARCHITECTURES[machine].denied
    assert denied["ptrace"] == NUMBERS[machine]["ptrace"]
    assert {name for name, number in denied.items() if answer(machine, number) != errno.EPERM} == set()


@pytest.mark.parametrize("machine", NUMBERS)
def test_no_number_is_listed_twice(machine):
    numbers = list(ARCHITECTURES[machine].denied.values())
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("machine", NUMBERS)
@pytest.mark.parametrize("domain", [0, 2, 10, 16, 17, 38, 40])
def test_sockets_are_local_only(machine, domain):
    assert answer(machine, NUMBERS[machine]["socket"], domain, 1) == errno.EAFNOSUPPORT


@pytest.mark.parametrize("machine", NUMBERS)
def test_a_domain_hidden_in_the_high_half_is_what_the_kernel_sees(machine):
    assert answer(machine, NUMBERS[machine]["socket"], (1 << 32) + 2, 1) == errno.EAFNOSUPPORT


@pytest.mark.parametrize("machine", NUMBERS)
@pytest.mark.parametrize("flag", [1 << n for n in (17, 25, 26, 27, 28, 29, 30)])
def test_clone_makes_no_namespaces(machine, flag):
    assert answer(machine, NUMBERS[machine]["clone"], flag | 17) == errno.EPERM


@pytest.mark.parametrize("machine", NUMBERS)
def test_clone3_and_openat2_do_not_exist(machine):
    assert [answer(machine, 435), answer(machine, 437)] == [errno.ENOSYS, errno.ENOSYS]


@pytest.mark.parametrize("machine", NUMBERS)
@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o6000])
def test_no_mode_has_set_id_bits(machine, mode):
    numbers = NUMBERS[machine]
    assert answer(machine, numbers["openat"], 0, 0, 0o101, mode) == errno.EPERM
    assert answer(machine, numbers["fchmodat"], 0, 0, mode) == errno.EPERM


@pytest.mark.parametrize("machine", NUMBERS)
@pytest.mark.parametrize("request_number", [0x5412, 0x541C])
def test_nothing_types_into_a_terminal(machine, request_number):
    assert answer(machine, NUMBERS[machine]["ioctl"], 0, request_number) == errno.EPERM


@pytest.mark.parametrize(
    ("machine", "foreign"), [("x86_64", "i386"), ("x86_64", "aarch64"), ("aarch64", "x86_64")]
)
def test_a_foreign_architecture_is_killed(machine, foreign):
    assert answer(machine, 0, audit=AUDIT[foreign]) == KILLED


def test_x32_numbers_are_killed():
    assert answer("x86_64", 0x40000000 + 39) == KILLED


def test_a_machine_without_a_filter_is_refused_with_the_way_out():
    with pytest.raises(SandboxError, match=r"no system call filter is written for riscv64.*--sandbox host"):
        seccomp.program("riscv64")


def test_docker_gets_the_same_rules():
    profile = json.loads(seccomp.docker_profile("x86_64"))
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    plain = {
        name: rule["errnoRet"] for rule in profile["syscalls"] if not rule["args"] for name in rule["names"]
    }
    denied = dict.fromkeys(ARCHITECTURES["x86_64"].denied, errno.EPERM)
    assert plain == denied | {"clone3": errno.ENOSYS, "openat2": errno.ENOSYS}
    assert {name for rule in profile["syscalls"] if rule["args"] for name in rule["names"]} == {
        *("socket", "clone", "ioctl", "open", "creat", "openat", "chmod", "fchmod", "fchmodat", "fchmodat2"),
        *("mknod", "mknodat"),
    }
